// Sets of characters: ranges, properties of Unicode, and what is not in another set.

/// The characters that one place of a pattern takes.
struct PatternSet: Sendable {
    enum Item: Sendable {
        case range(UInt32, UInt32)
        case property(PatternProperty, isNegated: Bool)
        case outside(PatternSet)
    }

    private let items: [Item]
    private let isNegated: Bool
    /// The answers for ASCII, made beforehand.
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    init(_ items: [Item], isNegated: Bool = false) {
        self.items = items
        self.isNegated = isNegated
        for value in UInt32(0)..<64 where holds(value) { low |= 1 << UInt64(value) }
        for value in UInt32(64)..<128 where holds(value) { high |= 1 << UInt64(value - 64) }
    }

    /// One character.
    init(_ value: UInt32) { self.init([.range(value, value)]) }

    func contains(_ value: UInt32) -> Bool {
        if value < 64 { return low >> UInt64(value) & 1 == 1 }
        if value < 128 { return high >> UInt64(value - 64) & 1 == 1 }
        return holds(value)
    }

    private func holds(_ value: UInt32) -> Bool {
        for item in items {
            let isIn =
                switch item {
                case .range(let first, let last): first <= value && value <= last
                case .property(let property, let isNegated): property.holds(value) != isNegated
                case .outside(let set): !set.contains(value)
                }
            if isIn { return !isNegated }
        }
        return isNegated
    }

    // MARK: Named sets (ECMA-262, section 22.2.2.9)

    static let digits: [Item] = [.range(0x30, 0x39)]
    static let words: [Item] = [.range(0x30, 0x39), .range(0x41, 0x5A), .range(0x5F, 0x5F), .range(0x61, 0x7A)]
    static let spaces: [Item] = [
        .range(0x09, 0x0D), .range(0x20, 0x20), .range(0xA0, 0xA0), .range(0x1680, 0x1680), .range(0x2000, 0x200A),
        .range(0x2028, 0x2029), .range(0x202F, 0x202F), .range(0x205F, 0x205F), .range(0x3000, 0x3000), .range(0xFEFF, 0xFEFF),
    ]
    /// What a dot does not take.
    static let lineEnds: [Item] = [.range(0x0A, 0x0A), .range(0x0D, 0x0D), .range(0x2028, 0x2029)]

    static func isWord(_ value: UInt32) -> Bool { wordSet.contains(value) }
    private static let wordSet = PatternSet(words)
}

/// A property of Unicode, as `\p{…}` names it.
enum PatternProperty: Sendable {
    case any, ascii, assigned, alphabetic, lowercase, uppercase, whiteSpace, emoji, idStart, idContinue
    case category(String)

    /// The property of that name; scripts are not known here.
    init?(_ name: String) {
        switch name {
        case "Any": self = .any
        case "ASCII": self = .ascii
        case "Assigned": self = .assigned
        case "Alphabetic", "Alpha": self = .alphabetic
        case "Lowercase", "Lower": self = .lowercase
        case "Uppercase", "Upper": self = .uppercase
        case "White_Space", "space": self = .whiteSpace
        case "Emoji": self = .emoji
        case "ID_Start", "IDS": self = .idStart
        case "ID_Continue", "IDC": self = .idContinue
        default:
            var name = name[...]
            for prefix in ["General_Category=", "gc="] where name.hasPrefix(prefix) { name = name.dropFirst(prefix.count) }
            let short = PatternProperty.shortNames[String(name)] ?? String(name)
            guard short.count <= 2, PatternProperty.shortNames.values.contains(short) else { return nil }
            self = .category(short)
        }
    }

    func holds(_ value: UInt32) -> Bool {
        guard let scalar = Unicode.Scalar(value) else { return false }
        let properties = scalar.properties
        return switch self {
        case .any: true
        case .ascii: value < 128
        case .assigned: properties.generalCategory != .unassigned
        case .alphabetic: properties.isAlphabetic
        case .lowercase: properties.isLowercase
        case .uppercase: properties.isUppercase
        case .whiteSpace: properties.isWhitespace
        case .emoji: properties.isEmoji
        case .idStart: properties.isIDStart
        case .idContinue: properties.isIDContinue
        case .category("LC"): ["Lu", "Ll", "Lt"].contains(PatternProperty.name(of: properties.generalCategory))
        case .category(let name): PatternProperty.name(of: properties.generalCategory).hasPrefix(name)
        }
    }

    private static func name(of category: Unicode.GeneralCategory) -> String {
        switch category {
        case .uppercaseLetter: "Lu"
        case .lowercaseLetter: "Ll"
        case .titlecaseLetter: "Lt"
        case .modifierLetter: "Lm"
        case .otherLetter: "Lo"
        case .nonspacingMark: "Mn"
        case .spacingMark: "Mc"
        case .enclosingMark: "Me"
        case .decimalNumber: "Nd"
        case .letterNumber: "Nl"
        case .otherNumber: "No"
        case .connectorPunctuation: "Pc"
        case .dashPunctuation: "Pd"
        case .openPunctuation: "Ps"
        case .closePunctuation: "Pe"
        case .initialPunctuation: "Pi"
        case .finalPunctuation: "Pf"
        case .otherPunctuation: "Po"
        case .mathSymbol: "Sm"
        case .currencySymbol: "Sc"
        case .modifierSymbol: "Sk"
        case .otherSymbol: "So"
        case .spaceSeparator: "Zs"
        case .lineSeparator: "Zl"
        case .paragraphSeparator: "Zp"
        case .control: "Cc"
        case .format: "Cf"
        case .surrogate: "Cs"
        case .privateUse: "Co"
        case .unassigned: "Cn"
        @unknown default: "Cn"
        }
    }

    private static let shortNames = [
        "Cased_Letter": "LC", "Close_Punctuation": "Pe", "Connector_Punctuation": "Pc", "Control": "Cc", "cntrl": "Cc",
        "Currency_Symbol": "Sc", "Dash_Punctuation": "Pd", "Decimal_Number": "Nd", "digit": "Nd", "Enclosing_Mark": "Me",
        "Final_Punctuation": "Pf", "Format": "Cf", "Initial_Punctuation": "Pi", "Letter": "L", "Letter_Number": "Nl",
        "Line_Separator": "Zl", "Lowercase_Letter": "Ll", "Mark": "M", "Combining_Mark": "M", "Math_Symbol": "Sm",
        "Modifier_Letter": "Lm", "Modifier_Symbol": "Sk", "Nonspacing_Mark": "Mn", "Number": "N", "Open_Punctuation": "Ps",
        "Other": "C", "Other_Letter": "Lo", "Other_Number": "No", "Other_Punctuation": "Po", "Other_Symbol": "So",
        "Paragraph_Separator": "Zp", "Private_Use": "Co", "Punctuation": "P", "punct": "P", "Separator": "Z",
        "Space_Separator": "Zs", "Spacing_Mark": "Mc", "Surrogate": "Cs", "Symbol": "S", "Titlecase_Letter": "Lt",
        "Unassigned": "Cn", "Uppercase_Letter": "Lu",
    ]
}
