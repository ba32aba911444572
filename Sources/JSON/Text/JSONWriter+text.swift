// Strings and numbers. A string is copied eight bytes at a time while it needs no escapes; only a quote, a backslash and control
// characters do. A double is written in the fewest digits that read back the same; one that is no number is `null`, as JSON has none.

extension JSONWriter {
    /// A string.
    @inlinable public mutating func string(_ text: String) {
        let isWritten: Void? = unsafe text.utf8.withContiguousStorageIfAvailable { source in unsafe string(utf8: source) }
        // All strings of this platform have their bytes at hand; should one not, a copy has.
        if isWritten == nil { unsafe Array(text.utf8).withUnsafeBufferPointer { source in unsafe string(utf8: source) } }
    }

    /// A string given as valid UTF-8.
    @inlinable public mutating func string(utf8 source: UnsafeBufferPointer<UInt8>) {
        let length = source.count
        let base = source.baseAddress
        let skipped = needsComma ? 1 : 0
        needsComma = true
        var copied = 0
        // Room for a comma, both quotes and a whole last word.
        unsafe put(length &+ 16) { target in
            unsafe target[0] = UInt8(ascii: ",")
            unsafe target[skipped] = UInt8(ascii: "\"")
            let text = unsafe target + (skipped &+ 1)
            if let base = unsafe base { copied = unsafe JSONText.copyPlain(base, length, to: text) }
            unsafe text[copied] = UInt8(ascii: "\"")
            return skipped &+ 1 &+ copied &+ (copied == length ? 1 : 0)
        }
        guard copied < length else { return }
        unsafe escape(base.unsafelyUnwrapped + copied, length - copied)
        byte(UInt8(ascii: "\""))
    }

    /// Writes the rest of a string from the first byte that needs an escape.
    @usableFromInline @inline(never) mutating func escape(_ source: UnsafePointer<UInt8>, _ length: Int) {
        var at = 0
        while at < length {
            // In pieces, so that the room for the worst case stays small.
            let piece = min(length - at, 1024)
            unsafe put(piece * 6) { target in
                var written = 0
                for index in at..<at + piece {
                    written += unsafe JSONText.escape(source[index], into: target + written)
                }
                return written
            }
            at += piece
        }
    }

    // MARK: Numbers

    /// An integer.
    @inlinable public mutating func int(_ value: Int) {
        let skipped = needsComma ? 1 : 0
        needsComma = true
        unsafe put(21) { target in
            unsafe target[0] = UInt8(ascii: ",")
            return unsafe skipped &+ JSONNumber.write(value, into: target + skipped)
        }
    }

    /// A double in the fewest digits that read back the same; `null` when it is no finite number.
    public mutating func double(_ value: Double) {
        guard value.isFinite else { return null() }
        comma()
        var text = value.description
        text.withUTF8 { source in
            unsafe put(source.count) { target in
                unsafe target.update(from: source.baseAddress!, count: source.count)
                return source.count
            }
        }
    }
}

extension JSONText {
    /// Bit 7 of each byte that is a quote, a backslash or a control character. Only the lowest set bit is exact.
    @inlinable @inline(__always) static func escapables(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quote = word ^ (ones &* 0x22)
        let backslash = word ^ (ones &* 0x5C)
        let control = (word &- ones &* 0x20) & ~word
        return (((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash) | control) & (ones &* 0x80)
    }

    /// Copies what needs no escapes, and returns how much that was. Up to seven bytes behind it are written over.
    @inlinable @inline(__always) static func copyPlain(
        _ source: UnsafePointer<UInt8>, _ length: Int, to target: UnsafeMutablePointer<UInt8>
    ) -> Int {
        var copied = 0
        while copied &+ 8 <= length {
            let word = unsafe word(source + copied)
            let found = escapables(word)
            unsafe UnsafeMutableRawPointer(target + copied).storeBytes(of: word.littleEndian, as: UInt64.self)
            if found != 0 { return copied &+ found.trailingZeroBitCount / 8 }
            copied &+= 8
        }
        while copied < length, unsafe !isEscapable(source[copied]) {
            unsafe target[copied] = source[copied]
            copied &+= 1
        }
        return copied
    }

    @inlinable @inline(__always) static func isEscapable(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    /// Writes one byte of a string, escaped if need be, and returns how many bytes that took (1, 2 or 6).
    static func escape(_ byte: UInt8, into target: UnsafeMutablePointer<UInt8>) -> Int {
        let letter: UInt8
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): letter = byte
        case 0x0A: letter = UInt8(ascii: "n")
        case 0x0D: letter = UInt8(ascii: "r")
        case 0x09: letter = UInt8(ascii: "t")
        case 0x08: letter = UInt8(ascii: "b")
        case 0x0C: letter = UInt8(ascii: "f")
        case 0..<0x20:
            let digits: StaticString = "0123456789abcdef"
            unsafe target.update(from: ("\\u00" as StaticString).utf8Start, count: 4)
            unsafe target[4] = digits.utf8Start[Int(byte >> 4)]
            unsafe target[5] = digits.utf8Start[Int(byte & 15)]
            return 6
        default:
            unsafe target.pointee = byte
            return 1
        }
        unsafe target[0] = UInt8(ascii: "\\")
        unsafe target[1] = letter
        return 2
    }
}

extension JSONNumber {
    /// Writes the decimal digits of `value` and returns how many bytes that took (at most 20).
    @inlinable static func write(_ value: Int, into target: UnsafeMutablePointer<UInt8>) -> Int {
        var rest = value.magnitude
        var sign = 0
        if value < 0 {
            unsafe target[0] = UInt8(ascii: "-")
            sign = 1
        }
        var digits = 1
        var limit: UInt = 10
        while digits < 20, rest >= limit {
            digits &+= 1
            limit = limit &* 10
            if digits == 20 { break }
        }
        var at = sign &+ digits
        repeat {
            at &-= 1
            unsafe target[at] = UInt8(truncatingIfNeeded: rest % 10) &+ 0x30
            rest /= 10
        } while rest != 0
        return sign &+ digits
    }
}
