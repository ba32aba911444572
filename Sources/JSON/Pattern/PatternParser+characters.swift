// Escapes and bracketed sets of characters.

extension PatternParser {
    /// What follows a backslash outside of brackets.
    mutating func escape() throws(PatternError) -> PatternNode {
        if let scalar = next, ("1"..."9").contains(scalar) {
            numberReferences = max(numberReferences, number() ?? 0)
            return .backReference
        }
        if take("k<") {
            nameReferences.insert(try groupName())
            return .backReference
        }
        switch try character() {
        case .one(let value): return .set(PatternSet(value))
        case .several(let items): return .set(PatternSet(items))
        }
    }

    /// What an escape stands for.
    private enum Escaped {
        case one(UInt32)
        case several([PatternSet.Item])

        var items: [PatternSet.Item] {
            switch self {
            case .one(let value): [.range(value, value)]
            case .several(let items): items
            }
        }
    }

    /// An escape that stands for characters; the backslash was taken.
    private mutating func character() throws(PatternError) -> Escaped {
        guard let scalar = next else { throw error("The pattern ends in a backslash") }
        at += 1
        switch scalar {
        case "d": return .several(PatternSet.digits)
        case "D": return .several([.outside(PatternSet(PatternSet.digits))])
        case "w": return .several(PatternSet.words)
        case "W": return .several([.outside(PatternSet(PatternSet.words))])
        case "s": return .several(PatternSet.spaces)
        case "S": return .several([.outside(PatternSet(PatternSet.spaces))])
        case "p", "P": return .several([.property(try property(), isNegated: scalar == "P")])
        case "t": return .one(0x09)
        case "n": return .one(0x0A)
        case "v": return .one(0x0B)
        case "f": return .one(0x0C)
        case "r": return .one(0x0D)
        case "0":
            if let digit = next, ("0"..."9").contains(digit) { throw error("An octal escape is not taken") }
            return .one(0)
        case "c":
            guard let letter = next, letter.isASCII, letter.properties.isAlphabetic else { throw error("A letter is missing") }
            at += 1
            return .one(letter.value & 31)
        case "x": return .one(try hexadecimal(2))
        case "u": return .one(try codePoint())
        default:
            guard !scalar.properties.isAlphabetic, !("0"..."9").contains(scalar) else { throw error("There is no such escape") }
            return .one(scalar.value)
        }
    }

    private mutating func hexadecimal(_ count: Int) throws(PatternError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let digit = next.flatMap({ Character($0).hexDigitValue }), next?.isASCII == true else {
                throw error("A hexadecimal digit is missing")
            }
            value = value << 4 | UInt32(digit)
            at += 1
        }
        return value
    }

    private mutating func codePoint() throws(PatternError) -> UInt32 {
        if take("{" as Unicode.Scalar) {
            var value: UInt32 = 0
            let start = at
            while next != "}" {
                value = value << 4 | (try hexadecimal(1))
                guard value <= 0x10FFFF else { throw error("There is no such character") }
            }
            guard at > start, take("}" as Unicode.Scalar) else { throw error("A hexadecimal digit is missing") }
            return value
        }
        let first = try hexadecimal(4)
        let start = at
        if (0xD800...0xDBFF).contains(first), take("\\u") {
            if let second = try? hexadecimal(4), (0xDC00...0xDFFF).contains(second) {
                return 0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)
            }
            at = start
        }
        return first
    }

    /// The property that `\p` names.
    private mutating func property() throws(PatternError) -> PatternProperty {
        guard take("{" as Unicode.Scalar), let end = scalars[at...].firstIndex(of: "}") else {
            throw error("A property is named in braces")
        }
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars[at..<end])
        let name = String(view)
        at = end + 1
        if let property = PatternProperty(name) { return property }
        guard name.hasPrefix("Script") || name.hasPrefix("sc=") || name.hasPrefix("scx=") else {
            throw PatternError(.syntax, "A pattern names a property of characters that is not known.")
        }
        throw PatternError(.unsupported, "Scripts are not among the properties of characters that are taken here.")
    }

    /// `[…]`; the bracket was taken.
    mutating func bracket() throws(PatternError) -> PatternSet {
        let isNegated = take("^" as Unicode.Scalar)
        var items: [PatternSet.Item] = []
        while !take("]" as Unicode.Scalar) {
            let first = try member()
            guard next == "-", at + 1 < scalars.count, scalars[at + 1] != "]" else {
                items += first.items
                continue
            }
            at += 1
            guard case .one(let low) = first, case .one(let high) = try member(), low <= high else {
                throw error("A range of characters is not spelled right")
            }
            items.append(.range(low, high))
        }
        return PatternSet(items, isNegated: isNegated)
    }

    private mutating func member() throws(PatternError) -> Escaped {
        guard let scalar = next else { throw error("A bracket is not closed") }
        at += 1
        guard scalar == "\\" else { return .one(scalar.value) }
        if take("b" as Unicode.Scalar) { return .one(0x08) }
        return try character()
    }
}
