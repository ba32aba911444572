// Numbers as the decimal text says, so that 0.0075 is a multiple of 0.0001 although no double of that value is.

/// Digits and a power of ten.
struct DecimalNumber: Sendable {
    private let digits: UInt64
    private let exponent: Int

    /// The number of a JSON value: the shortest decimal that reads as that double.
    init?(_ value: JSONValue) {
        switch value {
        case .integer(let integer): (digits, exponent) = (UInt64(integer.magnitude), 0)
        case .double(let double):
            guard let (digits, exponent) = DecimalNumber.parts(of: double.magnitude.description) else { return nil }
            (self.digits, self.exponent) = (digits, exponent)
        default: return nil
        }
    }

    /// Splits the description of a double, such as `12.5`, `1e-07` or `1.25e+30`.
    private static func parts(of text: String) -> (UInt64, Int)? {
        var digits: UInt64 = 0
        var exponent = 0
        let halves = text.split(separator: "e")
        guard let mantissa = halves.first, mantissa != "inf", mantissa != "nan" else { return nil }
        var isFraction = false
        for byte in mantissa.utf8 {
            guard byte != UInt8(ascii: ".") else {
                isFraction = true
                continue
            }
            let (tens, isTooMuch) = digits.multipliedReportingOverflow(by: 10)
            guard !isTooMuch, JSONNumber.isDigit(byte) else { return nil }
            digits = tens + UInt64(byte - 0x30)
            if isFraction { exponent -= 1 }
        }
        if halves.count == 2 { exponent += Int(halves[1]) ?? 0 }
        while digits != 0, digits % 10 == 0 { (digits, exponent) = (digits / 10, exponent + 1) }
        return (digits, exponent)
    }

    var isZero: Bool { digits == 0 }

    /// Whether a whole number times `unit`, which is not zero, is this.
    func isMultiple(of unit: DecimalNumber) -> Bool {
        guard digits != 0 else { return true }
        let difference = exponent - unit.exponent
        if difference < 0 {
            var scaled = unit.digits
            for _ in 0..<(-difference) {
                let (more, isTooMuch) = scaled.multipliedReportingOverflow(by: 10)
                // The unit is larger than any number that is not zero here.
                guard !isTooMuch else { return false }
                scaled = more
            }
            return digits % scaled == 0
        }
        var rest = digits % unit.digits
        for _ in 0..<difference where rest != 0 {
            let (high, low) = rest.multipliedFullWidth(by: 10)
            rest = unit.digits.dividingFullWidth((high, low)).remainder
        }
        return rest == 0
    }
}
