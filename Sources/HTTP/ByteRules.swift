// Which bytes may stand where in a message (RFC 9110, section 5.6; RFC 3986; RFC 9112), as bit sets of 128: no table in memory,
// no lazy initialiser on the hot path.

/// A set of ASCII characters.
struct ByteSet: Sendable {
    let low: UInt64
    let high: UInt64

    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        byte < 128 && (byte < 64 ? low : high) >> UInt64(byte & 63) & 1 == 1
    }

    /// `!#$%&'*+-.^_`|~`, digits and letters: a token's characters.
    @inline(__always)
    static var token: ByteSet { ByteSet(low: 0x03FF_6CFA_0000_0000, high: 0x57FF_FFFF_C7FF_FFFE) }

    /// What a target's path may hold: visible ASCII but `"#<>?\^`{}`.
    @inline(__always)
    static var path: ByteSet { ByteSet(low: 0x2FFF_FFF2_0000_0000, high: 0x57FF_FFFE_AFFF_FFFF) }

    /// What a target's query may hold: visible ASCII but `"#<>`.
    @inline(__always)
    static var query: ByteSet { ByteSet(low: 0xAFFF_FFF2_0000_0000, high: 0x7FFF_FFFF_FFFF_FFFF) }

    /// What a registered name in an authority may hold here: letters, digits and `-._~`.
    @inline(__always)
    static var host: ByteSet { ByteSet(low: 0x03FF_6000_0000_0000, high: 0x47FF_FFFE_87FF_FFFE) }
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

    /// Whether `self[range]` is `text`, which is in lower case, when letters' case is ignored.
    func matches(_ range: Range<Int>, lowercase text: StaticString) -> Bool {
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
        var at = range.lowerBound
        while at + 8 <= range.upperBound {
            let word = word(at: at)
            let deleted = word ^ 0x7F7F_7F7F_7F7F_7F7F
            let control = (word &- 0x2020_2020_2020_2020) & ~word
            let delete = (deleted &- 0x0101_0101_0101_0101) & ~deleted
            if (control | delete) & 0x8080_8080_8080_8080 != 0 { break }
            at += 8
        }
        while at < range.upperBound {
            let byte = self[at]
            if byte < 0x20 && byte != 0x09 || byte == 0x7F { return false }
            at += 1
        }
        return true
    }
}
