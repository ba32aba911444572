// Structured log lines, one JSON object each, to standard error. Callers append to one bounded buffer under a lock and a thread of
// its own writes it out, so that a slow terminal never holds up a loop. When the buffer is full lines are dropped and counted.

import CLinux
import Glibc
import Synchronization

/// The log of the process.
public enum Log {
    /// How much a line matters.
    public enum Level: String, Sendable, CaseIterable, Comparable {
        case debug, info, warning, error

        var rank: Int {
            switch self {
            case .debug: 0
            case .info: 1
            case .warning: 2
            case .error: 3
            }
        }

        public static func < (left: Level, right: Level) -> Bool { left.rank < right.rank }
    }

    /// A value beside the message. There is no case for a `Secret`.
    public enum Value: Sendable {
        case text(String)
        case number(Int)
        case flag(Bool)
    }

    private static let bufferBytes = 1 << 20
    private static let least = Atomic<Int>(Level.info.rank)
    private static let sink = LogSink(limit: bufferBytes)

    /// Lines below `level` are not written.
    public static func setLevel(_ level: Level) {
        least.store(level.rank, ordering: .relaxed)
    }

    /// Whether a line of `level` would be written.
    public static func isEnabled(_ level: Level) -> Bool {
        level.rank >= least.load(ordering: .relaxed)
    }

    /// Writes one line. `message` is fixed; what varies goes into `fields`.
    public static func write(_ level: Level, _ message: StaticString, _ fields: KeyValuePairs<StaticString, Value> = [:]) {
        line(level, message) { line in
            for (name, value) in fields {
                line.append(literal: #",""#)
                line.append(literal: name)
                line.append(literal: #"":"#)
                line.append(value)
            }
        }
    }

    /// Writes one line whose further members `compose` appends as JSON, each with its comma before it. For paths where a detour over
    /// strings would cost too much.
    public static func line(_ level: Level, _ message: StaticString, _ compose: (inout [UInt8]) -> Void) {
        guard isEnabled(level) else { return }
        sink.append { line in
            line.append(literal: #"{"time":""#)
            let time = Timestamp.now.rfc3339Bytes
            for at in 0..<24 { line.append(time[at]) }
            line.append(literal: #"","level":""#)
            line.append(contentsOf: level.rawValue.utf8)
            line.append(literal: #"","message":""#)
            line.append(literal: message)
            line.append(UInt8(ascii: "\""))
            compose(&line)
            line.append(literal: "}\n")
        }
    }

    /// Appends `text` as a JSON string, cut to 4,096 bytes.
    public static func appendText(_ text: String, to line: inout [UInt8]) {
        line.append(.text(text))
    }

    /// Writes what is waiting before returning. Call it before the process ends.
    public static func flush() {
        sink.flush()
    }
}

/// The buffer between the callers and standard error.
private final class LogSink: Sendable {
    private struct State {
        var lines: [UInt8] = []
        var dropped = 0
        var writing = false
    }

    private let state = Mutex(State())
    private let output = Mutex<[UInt8]>([])
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    func append(_ compose: (inout [UInt8]) -> Void) {
        let start = state.withLock { state in
            if state.lines.count >= limit {
                state.dropped += 1
                return false
            }
            compose(&state.lines)
            defer { state.writing = true }
            return !state.writing
        }
        // The writer ends when it finds nothing more, so that a quiet process has no thread that wakes.
        if start { Thread(name: "log") { [self] in drain() }.detach() }
    }

    private func drain() {
        while true {
            // A short rest gathers the lines of many requests into one write.
            usleep(20_000)
            flush()
            let done = state.withLock { state in
                if state.lines.isEmpty { state.writing = false }
                return state.lines.isEmpty
            }
            if done { return }
        }
    }

    func flush() {
        output.withLock { output in
            let dropped = state.withLock { state in
                swap(&output, &state.lines)
                defer { state.dropped = 0 }
                return state.dropped
            }
            if dropped > 0 {
                output.append(literal: #"{"level":"warning","message":"log lines were dropped","count":"#)
                output.append(.number(dropped))
                output.append(literal: "}\n")
            }
            var sent = 0
            while sent < output.count {
                let count = unsafe output.withUnsafeBytes { bytes in
                    unsafe Glibc.write(2, bytes.baseAddress! + sent, bytes.count - sent)
                }
                if count <= 0 { break }
                sent += count
            }
            output.removeAll(keepingCapacity: true)
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(literal: StaticString) {
        literal.withUTF8Buffer { unsafe append(contentsOf: $0) }
    }

    fileprivate mutating func append(_ value: Log.Value) {
        switch value {
        case .number(let number): append(contentsOf: String(number).utf8)
        case .flag(let flag): append(literal: flag ? "true" : "false")
        case .text(let text):
            append(UInt8(ascii: "\""))
            var cut = text.utf8.prefix(4096)
            // Never inside a character: the line has to stay valid UTF-8.
            while cut.endIndex < text.utf8.endIndex, text.utf8[cut.endIndex] & 0xC0 == 0x80 { cut = cut.dropLast() }
            for byte in cut {
                switch byte {
                case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                    append(UInt8(ascii: "\\"))
                    append(byte)
                case 0..<0x20:
                    append(literal: "\\u00")
                    append(hexadecimalDigit(byte >> 4))
                    append(hexadecimalDigit(byte & 15))
                default: append(byte)
                }
            }
            append(UInt8(ascii: "\""))
        }
    }
}
