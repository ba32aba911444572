// An API key as its tenant sees it. The text of the key is shown once, when it is made, and is nowhere afterwards.

import Base
import JSON
import Tenancy

/// A key with which programs act for a tenant.
public struct APIKey: Sendable {
    public let id: KeyID
    public let name: String
    public let role: Role
    public let createdAt: Timestamp
    public let expiresAt: Timestamp?
    public let revokedAt: Timestamp?

    public static let output = Output<APIKey>(
        "APIKey", "A key with which programs act for a tenant.",
        [
            .field("id", "Its id.") { $0.id },
            .field("name", "What it is for.") { $0.name },
            .field("role", "What it may do.") { $0.role },
            .field("created_at", "When it was made.") { $0.createdAt },
            .field("expires_at", "When it stops working; null for never.") { $0.expiresAt },
            .field("revoked_at", "When it was revoked; null while it works.") { $0.revokedAt },
        ])
}

/// A key that was just made, with the text that is shown this once.
public struct NewAPIKey: Sendable {
    public let key: APIKey
    public let text: Secret

    public static let output = Output<NewAPIKey>(
        "NewAPIKey", "A key that was just made.",
        [
            .object("key", "The key.", APIKey.output) { $0.key },
            .field("secret", "The text to send as `Authorization: Bearer …`. It is shown this once.") { new in
                unsafe new.text.withBytes { unsafe String(decoding: $0, as: UTF8.self) }
            },
        ])
}

/// What to make a key from.
public struct CreateAPIKey: Sendable {
    public let name: String
    public let role: Role
    public let expiresAt: Timestamp?

    public init(name: String, role: Role, expiresAt: Timestamp? = nil) {
        self.name = name
        self.role = role
        self.expiresAt = expiresAt
    }

    public static let input = Input<CreateAPIKey>("CreateAPIKey") { fields in
        CreateAPIKey(
            name: fields.required("name", .string(1...100, format: .line), "What it is for."),
            role: fields.defaulted("role", .enumeration(Role.self), .member, "What it may do; at most what the maker may do."),
            expiresAt: fields.optional("expires_at", .timestamp, "When it stops working. Left out: never."))
    }
}
