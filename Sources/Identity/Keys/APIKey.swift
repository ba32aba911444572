// An API key as its tenant sees it. The text of the key is shown once, when it is made or rotated, and is nowhere afterwards.

import Base
import HTTP
import JSON
import Tenancy

/// A key with which programs act for a tenant.
public struct APIKey: Sendable {
    public let id: KeyID
    public let name: String
    public let role: RoleReference
    /// Of the role's rights only these.
    public let scopes: [String]?
    /// From where alone it may be used.
    public let allowedAddresses: [AddressBlock]?
    public let requestsPerMinute: Int?
    public let createdBy: UserID?
    public let createdAt: Timestamp
    public let expiresAt: Timestamp?
    public let revokedAt: Timestamp?
    public let lastUsedAt: Timestamp?
    /// Until when the text before the last rotation works.
    public let previousUntil: Timestamp?
    public let revision: Int

    public static let output = Output<APIKey>(
        "APIKey", "A key with which programs act for a tenant.",
        [
            .field("id", "Its id.") { $0.id },
            .field("name", "What it is for.") { $0.name },
            .field("role", "What it may do: owner, admin, member, viewer, or the id of a custom role.") { $0.role.description },
            .field("scopes", "Of what the role holds, what the key holds; null for all of it.") { $0.scopes },
            .field("allowed_addresses", "From where alone it may be used, as CIDR blocks; null for everywhere.") { key in
                key.allowedAddresses.map { $0.map(\.description) }
            },
            .field("requests_per_minute", "A bound of its own, below the tenant's; null for none.") { $0.requestsPerMinute },
            .field("created_by", "The person who made it; null when it was a key or the operator.") { $0.createdBy },
            .field("created_at", "When it was made.") { $0.createdAt },
            .field("expires_at", "When it stops working; null for never.") { $0.expiresAt },
            .field("revoked_at", "When it was revoked; null while it works.") { $0.revokedAt },
            .field("last_used_at", "When it was last used, within a minute; null for never.") { $0.lastUsedAt },
            .field("previous_until", "Until when the text before the last rotation works; null when there is none.") {
                $0.previousUntil
            },
        ]
    ).revised { $0.revision }
}

/// A key that was just made or rotated, with the text that is shown this once.
public struct NewAPIKey: Sendable {
    public let key: APIKey
    public let text: Secret

    public static let output = Output<NewAPIKey>(
        "NewAPIKey", "A key that was just made or rotated.",
        [
            .object("key", "The key.", APIKey.output) { $0.key },
            .field("secret", "The text to send as `Authorization: Bearer …`. It is shown this once.") { $0.text.spelled },
        ])
}
