// Looks for bytes in a row inside of others, by the way of Knuth, Morris and Pratt: no byte is gone back to, so that the time is linear in
// both lengths, whatever is looked for and wherever.

/// Bytes in a row that are looked for.
struct ByteSearch: Sendable {
    let run: [UInt8]
    /// For each place of the run, how many bytes up to there are the run's first bytes again.
    private let repeated: [Int]

    init(_ run: [UInt8]) {
        var repeated = [Int](repeating: 0, count: run.count)
        var count = 0
        for at in run.indices.dropFirst() {
            while count > 0, run[at] != run[count] { count = repeated[count - 1] }
            if run[at] == run[count] { count += 1 }
            repeated[at] = count
        }
        self.run = run
        self.repeated = repeated
    }

    /// Where the run begins for the first time; `nil` when it stands nowhere.
    func first(in bytes: ArraySlice<UInt8>) -> Int? {
        guard run.count <= bytes.count else { return nil }
        guard !run.isEmpty else { return bytes.startIndex }
        var matched = 0
        for at in bytes.indices {
            let byte = bytes[at]
            while matched > 0, byte != run[matched] { matched = repeated[matched - 1] }
            if byte == run[matched] { matched += 1 }
            if matched == run.count { return at + 1 - run.count }
        }
        return nil
    }
}
