// Calls that have no place here, each with what to write instead.

/// A word of code that is refused in some folders.
struct BannedCall: Sendable {
    let word: String
    let replacement: String
    /// Whether tests may write it.
    var isAllowedInTests = false
    /// Beginnings of paths where it belongs, each for a reason that stands beside it.
    var exceptions: [String] = []

    static let all: [BannedCall] = [
        // The command line speaks on standard output; that is its whole business.
        BannedCall(
            word: "print(", replacement: "`Log`, which is bounded, structured and holds no secret", isAllowedInTests: true,
            exceptions: ["Sources/insula/"]),
        BannedCall(word: "Date()", replacement: "`Timestamp.now` for a moment, `Instant.now` for a distance"),
        BannedCall(word: "try!", replacement: "`try` with a fault, or a `guard` with a sentence"),
        BannedCall(
            word: "DispatchQueue", replacement: "a task on the loop, or `BlockingPool` for blocking work", isAllowedInTests: true),
        BannedCall(word: "Thread.sleep", replacement: "`loop.sleep(milliseconds:)`, or a signal to wait for"),
        // Threads of their own, where nothing else runs: the writer of the log gathers lines, the embedded cluster waits for a process.
        BannedCall(
            word: "usleep", replacement: "`loop.sleep(milliseconds:)`, or a signal to wait for",
            exceptions: ["Sources/Base/Log.swift", "Sources/Postgres/Cluster/EmbeddedCluster.swift"]),
        BannedCall(word: "Task.sleep", replacement: "`loop.sleep(milliseconds:)`, or a signal to wait for"),
        BannedCall(word: "Task.detached", replacement: "`loop.spawn`, so that the task has an owner and a loop"),
        BannedCall(word: "JSONSerialization", replacement: "`JSONDocument` or `JSONValue`", isAllowedInTests: true),
        BannedCall(word: "JSONDecoder", replacement: "`JSONDocument` and a declared input", isAllowedInTests: true),
        BannedCall(word: "JSONEncoder", replacement: "`JSONWriter`", isAllowedInTests: true),
        BannedCall(word: "URLSession", replacement: "our own client, which guards the address"),
        BannedCall(word: "NSLock", replacement: "`Mutex`, which guards a value and not a line of code"),
        BannedCall(
            word: "Mutex<(@",
            replacement: "a `Mutex` of a structure: a closure that a generic type gives and takes back is wrapped anew each time"),
        BannedCall(
            word: "SystemRandomNumberGenerator()", replacement: "`Random`", isAllowedInTests: true, exceptions: ["Sources/Base/"]),
    ]

    var rule: Rule {
        Rule(name: "`\(word)` is not called") { file in
            guard file.isSwift, !(isAllowedInTests && !file.isProduct), !exceptions.contains(where: file.path.hasPrefix) else {
                return []
            }
            return file.linesOfCode(with: word).map { file.finding($0, "`\(word)`: write \(replacement)") }
        }
    }
}
