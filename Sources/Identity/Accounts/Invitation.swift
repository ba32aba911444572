// An invitation as the admins of a tenant see it. Its token is in the mail alone.

import Base
import JSON
import Postgres
import Tenancy

/// Somebody who may join a tenant.
public struct Invitation: Sendable {
    /// What has become of it.
    public enum State: String, Sendable, CaseIterable {
        case pending, accepted, revoked, expired
    }

    public let id: InvitationID
    public let email: String
    public let role: RoleReference
    public let state: State
    public let invitedBy: UserID?
    public let createdAt: Timestamp
    public let expiresAt: Timestamp
    public let acceptedAt: Timestamp?
    /// What the role allows.
    let rights: Rights

    public static let output = Output<Invitation>(
        "Invitation", "Somebody who may join the organisation.",
        [
            .field("id", "Its id.") { $0.id },
            .field("email", "Where it went. The account will have this address.") { $0.email },
            .field("role", "The role of the account.") { $0.role.description },
            .field("state", "What has become of it.") { $0.state },
            .field("invited_by", "Who made it; null when a key did.") { $0.invitedBy },
            .field("created_at", "When it was made.") { $0.createdAt },
            .field("expires_at", "When it ends, 72 hours later.") { $0.expiresAt },
            .field("accepted_at", "When it was accepted; null while it was not.") { $0.acceptedAt },
        ])

    /// The columns of an invitation `i` with its custom role `r`.
    static let columns = """
        i.id, i.email, i.role, i.role_id, r.scopes, CASE WHEN i.accepted_at IS NOT NULL THEN 'accepted'
            WHEN i.revoked_at IS NOT NULL THEN 'revoked' WHEN i.expires_at <= clock_timestamp() THEN 'expired' ELSE 'pending' END,
        i.invited_by, i.created_at, i.expires_at, i.accepted_at
        """
    static let roleJoin = "LEFT JOIN roles r ON (r.tenant_id, r.id) = (i.tenant_id, i.role_id)"

    /// Reads `columns`.
    init(row: borrowing RowReader) throws(Fault) {
        guard let state = State(rawValue: try row.value(5)) else {
            throw Fault(.internalError, "The server could not do it.", cause: "an invitation has an unknown state")
        }
        let role = try RoleReference(role: row.value(2), id: row.value(3))
        self.role = role
        self.state = state
        rights = role.rights(scopes: try row.value(4))
        id = try row.value(0)
        email = try row.value(1)
        invitedBy = try row.value(6)
        createdAt = try row.value(7)
        expiresAt = try row.value(8)
        acceptedAt = try row.value(9)
    }
}

extension Invitation.State: JSONRepresentable {}
