// Codes for the day on which the app is lost: 80 random bits each, shown once as `xxxx-xxxx-xxxx-xxxx` and stored as a hash that is bound to
// the account. They can't be guessed, so that a fast hash does, and a locked second factor does not lock them.

import Base
import Crypto

/// A recovery code.
struct RecoveryCode: Sendable {
    /// How many an account has.
    static let count = 10
    private static let byteCount = 10
    private static let groupCharacters = 4

    private let bytes: [UInt8]

    /// A new one.
    static func make() -> RecoveryCode { RecoveryCode(bytes: Random.bytes(byteCount)) }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Reads what somebody typed: hyphens, spaces and case say nothing. `nil` for what can't be a code.
    init?(_ text: String) {
        let characters = text.lowercased().filter { $0 != "-" && $0 != " " }
        guard let bytes = Base32.crockford.decode(characters), bytes.count == RecoveryCode.byteCount else { return nil }
        self.bytes = bytes
    }

    /// The code as it is shown.
    var text: String {
        let characters = Array(Base32.crockford.encode(bytes))
        return stride(from: 0, to: characters.count, by: RecoveryCode.groupCharacters).map { at in
            String(characters[at..<min(at + RecoveryCode.groupCharacters, characters.count)])
        }.joined(separator: "-")
    }

    /// What is stored of it.
    func hash(of user: UserID) -> [UInt8] {
        SHA256.digest(Array("recovery code ".utf8) + user.uuid.bytes + bytes).array
    }
}
