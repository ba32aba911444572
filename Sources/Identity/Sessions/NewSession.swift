// A session that has just begun or was carried on, with what its holder is given: shown this once, stored nowhere.

import Base
import JSON

/// What the holder of a session is given.
public struct NewSession: Sendable {
    public let id: SessionID
    public let user: UserID
    public let kind: LoginSession.Kind
    /// The access token, unless a cookie carries the session.
    public let accessToken: Secret?
    /// Seconds for which the access token is good.
    public let expiresIn: Int?
    /// What the next access token is got with.
    public let refreshToken: Secret?
    /// The value of the cookie that carries the session.
    public let cookie: Secret?
    /// When the session ends at the latest.
    public let expiresAt: Timestamp
    /// Seconds until then.
    public let endsIn: Int

    public static let output = Output<NewSession>("NewSession", "A session, with what its holder needs.", fields)

    /// Its fields, for answers that hold more.
    static var fields: [Output<NewSession>.Field] {
        [
            .field("session_id", "The id of the session.") { $0.id },
            .field("user_id", "Who is logged in.") { $0.user },
            .field("kind", "How the session is carried on.") { $0.kind },
            .sparse("token_type", "How the access token is sent: `Authorization: Bearer …`.") { new in
                new.accessToken == nil ? nil : "Bearer"
            },
            .sparse("access_token", "A signed token that opens the API. Left out when a cookie does.") {
                $0.accessToken?.spelled
            },
            .sparse("expires_in", "Seconds for which the access token is good.") { $0.expiresIn },
            .sparse("refresh_token", "What the next access token is got with, once.") { $0.refreshToken?.spelled },
            .field("expires_at", "When the session ends at the latest.") { $0.expiresAt },
        ]
    }
}

extension Secret {
    /// The text of a secret that leaves for its holder.
    var spelled: String { unsafe withBytes { unsafe String(decoding: $0, as: UTF8.self) } }
}
