// Which passwords are taken: long enough, not one of the well-known ones however they are dressed up, not made of what everybody can read
// about the person, and not a walk over the keyboard. Any character is welcome, and none is demanded (NIST SP 800-63B, section 3.1.1.2).
// Counted after NFC, as it will be hashed; never cut.

import Base
import Foundation

/// The rules for new passwords.
public enum PasswordPolicy {
    /// The fewest characters when a second factor is asked for as well.
    public static let leastCharactersWithSecondFactor = 8
    /// The fewest characters when the password is all.
    public static let leastCharacters = 15
    public static let mostCharacters = 128
    /// The fewest different characters.
    static let leastDifferent = 5
    /// The fewest characters that are no step of a walk.
    static let leastUnforeseen = 7
    /// The fewest characters beside what is known about the person.
    static let leastUnrelated = 7
    /// Known words shorter than this say nothing.
    private static let leastKnown = 3

    /// What everybody may know about somebody.
    public struct Person: Sendable {
        let words: [String]

        /// - Parameters:
        ///   - name: what people call him.
        ///   - tenant: the slug of his tenant.
        public init(username: String, email: String, name: String, tenant: String) {
            let local = email.prefix { $0 != "@" }
            let parts = ([username, String(local), name, tenant] as [String]).flatMap { text in
                let folded = text.caseFolded
                return [folded] + folded.split { !$0.isLetter }.map(String.init)
            }
            words = Set(parts.filter { $0.count >= PasswordPolicy.leastKnown }).sorted { $0.count > $1.count }
        }
    }

    /// Checks a new password.
    /// - Parameters:
    ///   - hasSecondFactor: whether a login asks for more than the password.
    ///   - field: what the caller calls it.
    /// - Throws: `.invalid` naming the field and the reason.
    public static func check(
        _ password: String, of person: Person, hasSecondFactor: Bool, field: String = "password"
    ) throws(Fault) {
        let text = password.precomposedStringWithCanonicalMapping
        let least = hasSecondFactor ? leastCharactersWithSecondFactor : leastCharacters
        guard (least...mostCharacters).contains(text.unicodeScalars.count) else {
            throw .invalid(field, "length", "A password has \(least) to \(mostCharacters) characters here.")
        }
        guard !text.utf8.contains(0) else { throw .invalid(field, "format", "A password does not hold the character U+0000.") }
        if let reason = weakness(of: text, person) { throw .invalid(field, "format", reason) }
    }

    /// Whether a password that was taken beside a second factor, which is gone now, is too short to be all.
    static func isTooShortAlone(_ password: String) -> Bool {
        password.precomposedStringWithCanonicalMapping.unicodeScalars.count < leastCharacters
    }

    private static func weakness(of text: String, _ person: Person) -> String? {
        let folded = text.caseFolded
        if isMonotonous(folded) { return "This password repeats itself, or walks along the keyboard or the alphabet." }
        if CommonPasswords.contains(folded) { return "This password is one of the first that anybody would try." }
        if isAbout(person, folded) { return "This password is made of the name, the username, the address or the organisation." }
        return nil
    }

    /// Whether too little is left without what is known about the person.
    private static func isAbout(_ person: Person, _ folded: String) -> Bool {
        CommonPasswords.spellings(of: folded).contains { spelling in
            var rest = spelling
            for word in person.words { rest = rest.replacing(word, with: "") }
            return rest.count < spelling.count && rest.count < leastUnrelated
        }
    }

    // MARK: Repetitions and walks

    /// The ways of fingers and of children: along rows and columns of keys, the alphabet and the figures.
    private static let walks: [[Character: Int]] = [
        "abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "yxcvbnm", "azertyuiop",
        "qsdfghjklm", "wxcvbn", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;", "!@#$%^&*()", "йцукенгшщзхъ", "фывапролджэ",
        "ячсмитьбю",
    ].map { walk in
        Dictionary(zip(walk, 0...), uniquingKeysWith: { first, _ in first })
    }

    private static func isMonotonous(_ folded: String) -> Bool {
        let characters = Array(folded)
        return Set(characters).count < leastDifferent || unforeseen(characters) < leastUnforeseen || isRepetition(characters)
    }

    /// How many characters go on in another way than the two before them.
    private static func unforeseen(_ characters: [Character]) -> Int {
        var count = min(2, characters.count)
        for at in characters.indices.dropFirst(2) {
            let isNew = steps(characters[at - 2], characters[at - 1]).isDisjoint(with: steps(characters[at - 1], characters[at]))
            if isNew { count += 1 }
        }
        return count
    }

    /// In which walks, and which way, one character follows another: walk · 4 + way. Standing still is a way as well.
    private static func steps(_ from: Character, _ to: Character) -> Set<Int> {
        if from == to { return [-1] }
        var found: Set<Int> = []
        for (at, walk) in walks.enumerated() {
            guard let start = walk[from], let end = walk[to] else { continue }
            if end - start == 1 { found.insert(at * 4) }
            if start - end == 1 { found.insert(at * 4 + 1) }
        }
        // Nine and nought are neighbours on the keyboard.
        if from == "9" && to == "0" { found.insert(4) }
        if from == "0" && to == "9" { found.insert(5) }
        return found
    }

    /// Whether it is one piece over and over.
    private static func isRepetition(_ characters: [Character]) -> Bool {
        guard characters.count >= 2 else { return true }
        return (1...characters.count / 2).contains { period in
            characters.indices.dropFirst(period).allSatisfy { characters[$0] == characters[$0 - period] }
        }
    }
}
