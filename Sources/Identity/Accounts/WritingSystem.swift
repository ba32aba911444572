// Which script a letter is written in (UAX #24), as far as names need it: the scripts in everyday use (UAX #31, table 5), told by the
// names that Unicode gives its characters. Letters for phonetics and of dead scripts are in none.

/// A script in everyday use.
enum WritingSystem: String {
    case latin = "LATIN"
    case greek = "GREEK"
    case cyrillic = "CYRILLIC"
    case armenian = "ARMENIAN"
    case georgian = "GEORGIAN"
    case hebrew = "HEBREW"
    case arabic = "ARABIC"
    case thaana = "THAANA"
    case devanagari = "DEVANAGARI"
    case bengali = "BENGALI"
    case gurmukhi = "GURMUKHI"
    case gujarati = "GUJARATI"
    case oriya = "ORIYA"
    case tamil = "TAMIL"
    case telugu = "TELUGU"
    case kannada = "KANNADA"
    case malayalam = "MALAYALAM"
    case sinhala = "SINHALA"
    case thai = "THAI"
    case lao = "LAO"
    case tibetan = "TIBETAN"
    case myanmar = "MYANMAR"
    case khmer = "KHMER"
    case ethiopic = "ETHIOPIC"
    case hangul = "HANGUL"
    case bopomofo = "BOPOMOFO"
    case hiragana = "HIRAGANA"
    case katakana = "KATAKANA"
    case han = "CJK"
    /// Marks that stand on the letters of any script.
    case inherited = "COMBINING"

    /// The script of a letter or a mark; `nil` when it is in no everyday use.
    init?(of scalar: Unicode.Scalar) {
        if ("a"..."z").contains(scalar) {
            self = .latin
            return
        }
        guard !WritingSystem.isPhonetic(scalar), let name = scalar.properties.name else { return nil }
        let word = name.prefix { $0 != " " && $0 != "-" }
        self.init(rawValue: String(word))
    }

    /// Phonetic letters and clicks, which look like others or like punctuation.
    private static func isPhonetic(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0138, 0x01C0...0x01C3, 0x0250...0x02FF, 0x1D00...0x1DBF, 0x2C60...0x2C7F, 0xA720...0xA7FF, 0xAB30...0xAB6F: true
        default: false
        }
    }

    /// Whether texts in everyday use are written in all of these at once: in one, or in those of Japanese, Korean or Chinese.
    static func areWrittenTogether(_ systems: Set<WritingSystem>) -> Bool {
        let scripts = systems.subtracting([.inherited])
        return scripts.count <= 1 || scripts.isSubset(of: [.han, .hiragana, .katakana]) || scripts.isSubset(of: [.han, .hangul])
            || scripts.isSubset(of: [.han, .bopomofo])
    }
}

extension Unicode.Scalar {
    /// A letter that one sees. Letters that only modify others are none, but for the two signs of Japanese that repeat and lengthen.
    var isPlainLetter: Bool {
        guard !properties.isDefaultIgnorableCodePoint else { return false }
        switch properties.generalCategory {
        case .lowercaseLetter, .otherLetter: return true
        case .modifierLetter: return self == "\u{3005}" || self == "\u{30FC}"
        default: return false
        }
    }

    /// A mark that stands upon a letter, and can be seen.
    var isMark: Bool {
        guard !properties.isDefaultIgnorableCodePoint else { return false }
        return properties.generalCategory == .nonspacingMark || properties.generalCategory == .spacingMark
    }
}
