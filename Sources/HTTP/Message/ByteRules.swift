// Which bytes may stand where in a message (RFC 9110, section 5.6; RFC 3986; RFC 9112): a table of 256 bytes with a bit for each class,
// so that a scan costs one look a byte.

/// Characters that belong together.
enum ByteClass: UInt8 {
    /// A token's: digits, letters and some signs.
    case token = 1
    /// What a target's path may hold: visible ASCII but `"#<>?\^` and back-quote and braces.
    case path = 2
    /// What a target's query may hold: visible ASCII but `"#<>`.
    case query = 4
    /// What a registered name in an authority may hold here: letters, digits and `-._~`.
    case host = 8

    /// Whether `byte` belongs to the class.
    @inline(__always)
    func contains(_ byte: UInt8) -> Bool { ByteTable.shared[byte] & rawValue != 0 }
}

/// The classes of each byte. Written once, never freed.
@safe struct ByteTable: @unchecked Sendable {
    static let shared = ByteTable()

    private let classes: UnsafeMutablePointer<UInt8>

    private init() {
        unsafe classes = .allocate(capacity: 256)
        unsafe classes.initialize(repeating: 0, count: 256)
        for byte in UInt8(0x21)...0x7E {
            let isWord = isDigit(byte) || (byte | 0x20) &- 0x61 < 26
            var bits: UInt8 = 0
            if isWord || "!#$%&'*+-.^_`|~".utf8.contains(byte) { bits |= ByteClass.token.rawValue }
            if !"\"#<>?\\^`{}".utf8.contains(byte) { bits |= ByteClass.path.rawValue }
            if !"\"#<>".utf8.contains(byte) { bits |= ByteClass.query.rawValue }
            if isWord || "-._~".utf8.contains(byte) { bits |= ByteClass.host.rawValue }
            unsafe classes[Int(byte)] = bits
        }
    }

    @inline(__always)
    subscript(byte: UInt8) -> UInt8 { unsafe classes[Int(byte)] }
}

@inline(__always)
func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

/// Space or horizontal tab.
@inline(__always)
func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

/// Letters to lower case, all other bytes as they are.
@inline(__always)
func lowercased(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

extension Span<UInt8> {
    /// Eight bytes, the first in the lowest bits. `at + 8` must not pass the end.
    @inline(__always)
    func word(at: Int) -> UInt64 {
        unsafe UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self))
    }

    /// The offset of the first byte from `start` on that is not of `wanted`, or `end`.
    @inline(__always)
    func end(of wanted: ByteClass, from start: Int, to end: Int) -> Int {
        precondition(start >= 0 && start <= end && end <= count, "The range lies outside the span.")
        let table = ByteTable.shared
        return unsafe withUnsafeBufferPointer { buffer in
            var at = start
            while at < end, unsafe table[buffer[at]] & wanted.rawValue != 0 { at &+= 1 }
            return at
        }
    }

    /// The offset of the first slash from `start` on, or `end`.
    @inline(__always)
    func firstSlash(from start: Int, to end: Int) -> Int {
        precondition(start >= 0 && start <= end && end <= count, "The range lies outside the span.")
        return unsafe withUnsafeBufferPointer { buffer in
            var at = start
            while at < end, unsafe buffer[at] != UInt8(ascii: "/") { at &+= 1 }
            return at
        }
    }

    /// Whether `self[range]` holds `byte`.
    @inline(__always)
    func contains(_ byte: UInt8, in range: Range<Int>) -> Bool {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "The range lies outside the span.")
        return unsafe withUnsafeBufferPointer { buffer in
            var at = range.lowerBound
            while at < range.upperBound, unsafe buffer[at] != byte { at &+= 1 }
            return at < range.upperBound
        }
    }

    /// Whether `self[range]` is `text`, which is in lower case, when letters' case is ignored.
    public func matches(_ range: Range<Int>, lowercase text: StaticString) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        let start = unsafe text.utf8Start
        for at in 0..<range.count where unsafe lowercased(self[range.lowerBound + at]) != start[at] { return false }
        return true
    }

    /// `range` without blanks at both its ends.
    @inline(__always)
    func trimmed(_ range: Range<Int>) -> Range<Int> {
        var from = range.lowerBound
        var to = range.upperBound
        while from < to, isBlank(self[from]) { from += 1 }
        while to > from, isBlank(self[to - 1]) { to -= 1 }
        return from..<to
    }

    /// Whether a field's value holds no control character but a tab (RFC 9110, section 5.5; bytes from 0x80 are opaque).
    @inline(__always)
    func isFieldValue(_ range: Range<Int>) -> Bool {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "The range lies outside the span.")
        return unsafe withUnsafeBytes { buffer in
            var at = range.lowerBound
            while at &+ 8 <= range.upperBound {
                let word = unsafe buffer.loadUnaligned(fromByteOffset: at, as: UInt64.self)
                let deleted = word ^ 0x7F7F_7F7F_7F7F_7F7F
                let control = (word &- 0x2020_2020_2020_2020) & ~word
                let delete = (deleted &- 0x0101_0101_0101_0101) & ~deleted
                if (control | delete) & 0x8080_8080_8080_8080 != 0 { break }
                at &+= 8
            }
            while at < range.upperBound {
                let byte = unsafe buffer[at]
                if byte < 0x20 && byte != 0x09 || byte == 0x7F { return false }
                at &+= 1
            }
            return true
        }
    }
}
