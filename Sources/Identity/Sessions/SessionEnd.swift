// Why sessions end, as it is stored and as the audit log tells it.

import JSON

/// Why a session ended. The raw value is stable.
public enum SessionEnd: String, Sendable, CaseIterable {
    /// The person asked for it, in that session.
    case logout
    /// The person or somebody with the right over him ended it from elsewhere.
    case revoked
    case passwordChanged = "password_changed"
    case roleChanged = "role_changed"
    case disabled
    /// A refresh token came a second time: somebody has a copy of it.
    case reused
    /// The person has begun as many newer ones as he may have.
    case displaced
    case expired
}

extension SessionEnd: JSONRepresentable {}
