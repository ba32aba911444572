// What a login answers when the password was right and a second factor is wanted. It stands for the password for five minutes, and is good
// for nothing else: authenticated under a key of its own, bound to the tenant, the user, his present password and the moment. Nothing is
// stored; a login that is completed after that moment spends it, since it then is older than `last_login_at`.

import Base
import Crypto

/// The proof that a password was right.
struct MFAChallenge: Sendable, Equatable {
    static let lifetimeSeconds = 300
    private static let version: UInt8 = 1
    private static let passwordBytes = 16
    /// Version, tenant, user, password state, moment.
    private static let bodyBytes = 1 + 16 + 16 + passwordBytes + 8

    let tenant: TenantID
    let user: UserID
    /// What tells this password of the user from every other that he had or will have.
    let passwordState: [UInt8]
    /// When the password was right, by the database's clock.
    let issuedAt: Timestamp

    init(tenant: TenantID, user: UserID, passwordHash: String, issuedAt: Timestamp) {
        self.tenant = tenant
        self.user = user
        self.issuedAt = issuedAt
        passwordState = MFAChallenge.state(of: passwordHash)
    }

    /// Reads what `text` gave out under the same key; `nil` for anything else. Whether it still holds is not looked at.
    init?(_ text: String, key: Secret) {
        guard let bytes = Base64.url.decode(Array(text.utf8)),
            bytes.count == MFAChallenge.bodyBytes + HMAC.sha256.algorithm.byteCount,
            bytes[0] == MFAChallenge.version
        else { return nil }
        let body = Array(bytes[..<MFAChallenge.bodyBytes])
        guard HMAC.sha256.isValid(Array(bytes[MFAChallenge.bodyBytes...]), of: body, key: key) else { return nil }
        tenant = TenantID(MFAChallenge.uuid(body, at: 1))
        user = UserID(MFAChallenge.uuid(body, at: 17))
        passwordState = Array(body[33..<33 + MFAChallenge.passwordBytes])
        issuedAt = Timestamp(microseconds: Int64(bitPattern: MFAChallenge.word(body, at: MFAChallenge.bodyBytes - 8)))
    }

    /// The text that goes out.
    func text(key: Secret) -> String {
        var body = [MFAChallenge.version] + tenant.uuid.bytes + user.uuid.bytes + passwordState
        body += UInt64(bitPattern: issuedAt.microseconds).bigEndianBytes
        return Base64.url.encode(body + HMAC.sha256.code(body, key: key))
    }

    /// Whether it stands for the password of `hash` at the moment `now`.
    func holds(for hash: String, at now: Timestamp) -> Bool {
        let age = now.microseconds - issuedAt.microseconds
        return (0...Int64(MFAChallenge.lifetimeSeconds) * 1_000_000).contains(age)
            && constantTimeEqual(passwordState, MFAChallenge.state(of: hash))
    }

    private static func state(of hash: String) -> [UInt8] {
        Array(SHA256.digest(Array(hash.utf8)).array.prefix(passwordBytes))
    }

    private static func word(_ bytes: [UInt8], at start: Int) -> UInt64 {
        bytes[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func uuid(_ bytes: [UInt8], at start: Int) -> UUIDBits {
        UUIDBits(high: word(bytes, at: start), low: word(bytes, at: start + 8))
    }
}

extension UUIDBits {
    /// The 16 bytes, most significant first.
    var bytes: [UInt8] { high.bigEndianBytes + low.bigEndianBytes }
}

extension UInt64 {
    /// The 8 bytes, most significant first.
    var bigEndianBytes: [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: self >> UInt64(56 - 8 * $0)) } }
}
