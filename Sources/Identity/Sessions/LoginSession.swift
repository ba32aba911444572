// A session as the person sees it who is logged in: where and since when. Nothing of it opens anything.

import Base
import JSON
import Tenancy

/// A time for which somebody is logged in.
public struct LoginSession: Sendable {
    /// How a session is carried on. The raw value is stable.
    public enum Kind: String, Sendable, CaseIterable {
        /// By access and refresh tokens, for programs.
        case token
        /// By a cookie, for browsers.
        case cookie
        /// By one access token, for somebody who acts as another.
        case impersonation
    }

    public let id: SessionID
    public let kind: Kind
    public let amr: [String]
    public let createdAt: Timestamp
    public let authenticatedAt: Timestamp
    public let lastUsedAt: Timestamp
    public let expiresAt: Timestamp
    public let address: String?
    public let userAgent: String?
    /// Whether it is the session that asks.
    public let isCurrent: Bool

    public static let output = Output<LoginSession>(
        "Session", "A time for which somebody is logged in.",
        [
            .field("id", "Its id.") { $0.id },
            .field("kind", "How it is carried on.") { $0.kind },
            .field("amr", "How the person proved who he is (RFC 8176).") { $0.amr },
            .field("created_at", "When it began.") { $0.createdAt },
            .field("authenticated_at", "When the person last proved who he is.") { $0.authenticatedAt },
            .field("last_used_at", "When it was last used, within a minute.") { $0.lastUsedAt },
            .field("expires_at", "When it ends at the latest; when it is not used, it ends earlier.") { $0.expiresAt },
            .field("address", "The address that it began from.") { $0.address },
            .field("user_agent", "What the client called itself.") { $0.userAgent },
            .field("current", "Whether it is the session that asks.") { $0.isCurrent },
        ])
}

extension LoginSession.Kind: JSONRepresentable {}
