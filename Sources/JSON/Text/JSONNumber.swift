// Numbers: their spelling while the text is read, and their value when somebody asks. An integer is exact or refused; a double is
// finite and correctly rounded, or refused. What is neither keeps its spelling, for those who pass the bytes on.

@usableFromInline enum JSONNumber {
    @usableFromInline typealias Bytes = UnsafePointer<UInt8>

    /// A number spelled longer than this, or with a larger exponent, may be beyond what the store takes.
    static let plainBytes = 300
    /// Digits that the store takes behind a point.
    static let storableBytes = 16_000

    /// Checks the spelling (RFC 8259, section 6) and finds its end.
    @inline(__always) static func scan(
        _ start: Bytes, base: Bytes
    ) throws(JSONError) -> (end: Bytes, isInteger: Bool, isHuge: Bool) {
        var at = unsafe start
        if unsafe at.pointee == UInt8(ascii: "-") { unsafe at += 1 }
        if unsafe at.pointee == UInt8(ascii: "0") {
            unsafe at += 1
            if unsafe isDigit(at.pointee) { throw unsafe JSONError(.badNumber, at: at - base) }
        } else {
            unsafe at = try digits(at, base)
        }
        let byte = unsafe at.pointee
        guard byte == UInt8(ascii: ".") || byte | 0x20 == UInt8(ascii: "e") else {
            return unsafe (at, true, at - start > plainBytes)
        }
        return try unsafe scanRest(at, start, base)
    }

    /// A fraction, an exponent, or both.
    private static func scanRest(
        _ from: Bytes, _ start: Bytes, _ base: Bytes
    ) throws(JSONError) -> (end: Bytes, isInteger: Bool, isHuge: Bool) {
        var at = unsafe from
        var exponentBytes = 0
        if unsafe at.pointee == UInt8(ascii: ".") { unsafe at = try digits(at + 1, base) }
        if unsafe at.pointee | 0x20 == UInt8(ascii: "e") {
            unsafe at += 1
            if unsafe at.pointee == UInt8(ascii: "+") || at.pointee == UInt8(ascii: "-") { unsafe at += 1 }
            let first = unsafe at
            unsafe at = try digits(at, base)
            exponentBytes = unsafe at - first
        }
        return unsafe (at, false, exponentBytes > 2 || at - start > plainBytes)
    }

    /// Steps over at least one digit.
    @inline(__always) private static func digits(_ from: Bytes, _ base: Bytes) throws(JSONError) -> Bytes {
        var at = unsafe from
        guard unsafe isDigit(at.pointee) else { throw unsafe JSONError(.badNumber, at: at - base) }
        repeat { unsafe at += 1 } while unsafe isDigit(at.pointee)
        return unsafe at
    }

    @inlinable @inline(__always) static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    // MARK: Values

    /// The value of an integer spelling of any length; `nil` when it is beyond 64 bits.
    @inlinable static func integer(_ at: Bytes, _ length: Int) -> Int? {
        let isNegative = unsafe at.pointee == UInt8(ascii: "-")
        var index = isNegative ? 1 : 0
        // Eighteen digits always fit.
        if length - index <= 18 {
            var value = 0
            while index < length {
                value = unsafe value &* 10 &+ Int(at[index] &- 0x30)
                index &+= 1
            }
            return isNegative ? 0 &- value : value
        }
        // Downwards, since the negative side reaches one further.
        var value = 0
        while index < length {
            let (tens, over) = value.multipliedReportingOverflow(by: 10)
            let (sum, under) = unsafe tens.subtractingReportingOverflow(Int(at[index] &- 0x30))
            guard !over, !under else { return nil }
            value = sum
            index += 1
        }
        if isNegative { return value }
        return value == .min ? nil : -value
    }

    /// The digits without sign, point and exponent, and the power of ten they are to be taken with.
    struct Decimal {
        var isNegative = false
        /// The first nineteen significant digits.
        var significand: UInt64 = 0
        var exponent = 0
        /// Digits beyond those nineteen were dropped, and one of them is not zero.
        var isCut = false
    }

    /// Takes a checked spelling apart.
    static func decimal(_ at: Bytes, _ length: Int) -> Decimal {
        var decimal = Decimal()
        var digits = 0
        var index = 0
        var isFraction = false
        if unsafe at[0] == UInt8(ascii: "-") {
            decimal.isNegative = true
            index = 1
        }
        while index < length {
            let byte = unsafe at[index]
            index += 1
            if byte == UInt8(ascii: ".") {
                isFraction = true
            } else if isDigit(byte) {
                let digit = UInt64(byte - 0x30)
                if digits < 19 {
                    decimal.significand = decimal.significand * 10 + digit
                    if decimal.significand != 0 { digits += 1 }
                    if isFraction { decimal.exponent -= 1 }
                } else {
                    decimal.isCut = decimal.isCut || digit != 0
                    if !isFraction { decimal.exponent += 1 }
                }
            } else {
                decimal.exponent += unsafe exponent(at + index, length - index)
                index = length
            }
        }
        return decimal
    }

    /// The value of an exponent, held within a range beyond which every double is zero or infinite anyway.
    private static func exponent(_ at: Bytes, _ length: Int) -> Int {
        var value = 0
        var index = 0
        let isNegative = unsafe at[0] == UInt8(ascii: "-")
        if unsafe !isDigit(at[0]) { index = 1 }
        while index < length {
            value = unsafe min(value * 10 + Int(at[index] - 0x30), 100_000_000)
            index += 1
        }
        return isNegative ? -value : value
    }

    /// The value of a spelling with a fraction or an exponent as an integer; `nil` when it is none, or beyond 64 bits.
    static func exactInteger(_ at: Bytes, _ length: Int) -> Int? {
        var decimal = unsafe decimal(at, length)
        if decimal.significand == 0 { return decimal.isCut ? nil : 0 }
        guard !decimal.isCut else { return nil }
        while decimal.exponent < 0 {
            let (quotient, remainder) = decimal.significand.quotientAndRemainder(dividingBy: 10)
            guard remainder == 0 else { return nil }
            decimal.significand = quotient
            decimal.exponent += 1
        }
        while decimal.exponent > 0 {
            let (product, overflow) = decimal.significand.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            decimal.significand = product
            decimal.exponent -= 1
        }
        if decimal.isNegative {
            return decimal.significand <= UInt64(Int.max) + 1 ? Int(truncatingIfNeeded: 0 &- decimal.significand) : nil
        }
        return Int(exactly: decimal.significand)
    }

    /// The nearest double of any spelling; `nil` when that is infinite.
    static func double(_ at: Bytes, _ length: Int) -> Double? {
        let decimal = unsafe decimal(at, length)
        // Both factors are exact, so that the one operation rounds once (Clinger's fast path).
        if !decimal.isCut, decimal.significand < 1 << 53, abs(decimal.exponent) <= 22 {
            let significand = Double(decimal.significand)
            let magnitude =
                decimal.exponent < 0 ? significand / power(-decimal.exponent) : significand * power(decimal.exponent)
            return decimal.isNegative ? -magnitude : magnitude
        }
        let text = unsafe String(decoding: UnsafeBufferPointer(start: at, count: length), as: UTF8.self)
        guard let value = Double(text), value.isFinite else { return nil }
        return value
    }

    /// 10 to the power of 0 to 22, all of which are exact.
    private static func power(_ exponent: Int) -> Double {
        var result = 1.0
        for _ in 0..<exponent { result *= 10 }
        return result
    }
}
