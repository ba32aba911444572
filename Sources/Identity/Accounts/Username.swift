// The name by which somebody logs in. It is normalised first (NFKC, case fold), then checked, and only then compared, so that two spellings
// of one name are one name. Letters come from one writing system, which keeps out the mixtures that look like another name; what is
// invisible has no place. Twins of different writing systems as a whole are kept apart by the database: its unique index compares looks.

import Base
import Foundation

/// A username in its one spelling.
public struct Username: Sendable, Hashable {
    /// Characters of a name, after normalisation.
    public static let characters = 1...64
    /// Bytes of what is looked at at all.
    static let mostBytes = 1_024
    /// Marks that may follow each other upon one letter.
    private static let marksInARow = 2

    /// The normalised text.
    public let text: String

    /// Normalises and checks.
    /// - Parameter field: what the caller calls it.
    /// - Throws: `.invalid` naming the field and the reason.
    public init(_ given: String, field: String = "username") throws(Fault) {
        guard given.utf8.count <= Username.mostBytes else { throw Username.length(field) }
        let text = given.caseFolded
        guard Username.characters.contains(text.unicodeScalars.count) else { throw Username.length(field) }
        if let reason = Username.fault(of: text) { throw .invalid(field, "format", reason) }
        self.text = text
    }

    private static func length(_ field: String) -> Fault {
        .invalid(field, "length", "A username has \(characters.lowerBound) to \(characters.upperBound) characters.")
    }

    /// Why a normalised text is no username; `nil` when it is one.
    private static func fault(of text: String) -> String? {
        let scalars = Array(text.unicodeScalars)
        guard let first = scalars.first, let last = scalars.last, !isPunctuation(first), !isPunctuation(last) else {
            return "A username begins and ends with a letter or a digit."
        }
        var systems: Set<WritingSystem> = []
        var marks = 0
        for scalar in scalars {
            if isPunctuation(scalar) || ("0"..."9").contains(scalar) {
                marks = 0
                continue
            }
            let isMark = scalar.isMark
            guard isMark || scalar.isPlainLetter, let system = WritingSystem(of: scalar) else {
                return "A username is made of letters, digits, and inside also of . _ and -."
            }
            marks = isMark ? marks + 1 : 0
            if marks > marksInARow || isMark && scalar == first { return "A username is not made of marks." }
            systems.insert(system)
        }
        guard WritingSystem.areWrittenTogether(systems) else { return "A username is written in one script." }
        return looksLikeID(text) ? "A username is not shaped like an id." : nil
    }

    private static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "." || scalar == "_" || scalar == "-"
    }

    /// Whether it could be taken for one of our ids, or for a UUID.
    private static func looksLikeID(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        if bytes.count > 26, bytes[bytes.count - 27] == UInt8(ascii: "_"),
            UUIDBits(base32: Array(bytes.suffix(26)).span) != nil
        {
            return true
        }
        let digits = bytes.filter { $0 != UInt8(ascii: "-") }
        return digits.count == 32
            && digits.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}

extension String {
    /// The spelling in which names are compared: compatibility forms resolved (NFKC), case folded, and composed again.
    var caseFolded: String {
        var folded = String.UnicodeScalarView()
        for scalar in precomposedStringWithCompatibilityMapping.unicodeScalars {
            // Up and down again: also what has two small letters for one capital becomes one.
            for upper in scalar.properties.uppercaseMapping.unicodeScalars {
                folded.append(contentsOf: upper.properties.lowercaseMapping.unicodeScalars)
            }
        }
        return String(folded).precomposedStringWithCompatibilityMapping
    }
}
