// Character references: `&amp;`, `&notin;`, `&#x20AC;`. Names are found by binary search over one sorted table; numbers follow the
// remapping of the WHATWG standard (Windows-1252 for C1, U+FFFD for what is no scalar value). The table is read once, on first use.

/// The table of named character references, and the meaning of numeric ones.
struct HTMLReferences: Sendable {
    /// The longest name, without its semicolon.
    static let maximumNameBytes = 31
    /// The longest name that is also known without its semicolon.
    static let maximumBareNameBytes = 6

    static let shared = HTMLReferences()

    private let table: [UInt8]
    /// Where each entry starts in `table`, in byte order of the names.
    private let starts: [Int32]

    private init() {
        // Every entry ends with white space, the last one too.
        table = Array(HTMLReferences.named.utf8) + [UInt8(ascii: "\n")]
        var starts: [Int32] = []
        var wasSpace = true
        for (at, byte) in table.enumerated() {
            let isSpace = byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\n")
            if wasSpace, !isSpace { starts.append(Int32(at)) }
            wasSpace = isSpace
        }
        self.starts = starts
    }

    /// How many references the table knows, with and without a semicolon.
    var count: Int { starts.count + table.count { $0 == UInt8(ascii: "!") } }

    /// The expansion of `name` in UTF-8, or nil. With `bare` only names that need no semicolon are found.
    func expansion(of name: ArraySlice<UInt8>, bare: Bool) -> [UInt8]? {
        guard var at = position(of: name) else { return nil }
        if bare, table[at] != UInt8(ascii: "!") { return nil }
        var out: [UInt8] = []
        var value: UInt32 = 0
        at += 1
        while at < table.count {
            let byte = table[at]
            at += 1
            if let digit = HTMLBytes.hexDigit(byte) {
                value = value << 4 | UInt32(digit)
                continue
            }
            HTMLBytes.append(value, to: &out)
            value = 0
            if byte != UInt8(ascii: "+") { break }
        }
        return out
    }

    /// The place just behind `name` in the table.
    private func position(of name: ArraySlice<UInt8>) -> Int? {
        var low = 0
        var high = starts.count
        while low < high {
            let middle = (low + high) / 2
            let order = compare(name, with: Int(starts[middle]))
            if order == 0 { return Int(starts[middle]) + name.count }
            if order < 0 { high = middle } else { low = middle + 1 }
        }
        return nil
    }

    /// Negative, zero or positive as `name` sorts before, at or after the entry at `start`.
    private func compare(_ name: ArraySlice<UInt8>, with start: Int) -> Int {
        var at = start
        for byte in name {
            // The marks `!` and `:` end an entry's name; no name holds either.
            let entry = table[at]
            if entry == UInt8(ascii: "!") || entry == UInt8(ascii: ":") { return 1 }
            if byte != entry { return byte < entry ? -1 : 1 }
            at += 1
        }
        return table[at] == UInt8(ascii: "!") || table[at] == UInt8(ascii: ":") ? 0 : -1
    }

    /// The scalar that a numeric reference stands for. `number` may be anything from 0 up.
    static func scalar(_ number: UInt32) -> UInt32 {
        switch number {
        case 0, 0xD800...0xDFFF: return 0xFFFD
        case 0x80...0x9F: return HTMLBytes.windows1252(UInt8(number))
        case 0x11_0000...: return 0xFFFD
        default: return number
        }
    }
}
