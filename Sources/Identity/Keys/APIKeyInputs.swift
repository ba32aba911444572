// What is sent to make a key, to change one and to rotate one.

import Base
import HTTP
import JSON
import Tenancy

/// What to make a key from.
public struct CreateAPIKey: Sendable {
    public let name: String
    public let role: RoleReference
    public let scopes: [Right]?
    public let allowedAddresses: [AddressBlock]?
    public let requestsPerMinute: Int?
    public let expiresAt: Timestamp?

    public init(
        name: String, role: RoleReference, scopes: [Right]? = nil, allowedAddresses: [AddressBlock]? = nil,
        requestsPerMinute: Int? = nil, expiresAt: Timestamp? = nil
    ) {
        self.name = name
        self.role = role
        self.scopes = scopes
        self.allowedAddresses = allowedAddresses
        self.requestsPerMinute = requestsPerMinute
        self.expiresAt = expiresAt
    }

    /// With one of the roles that every tenant has.
    public init(name: String, role: Role, expiresAt: Timestamp? = nil) {
        self.init(name: name, role: .builtIn(role), expiresAt: expiresAt)
    }

    public static let input = Input<CreateAPIKey>("CreateAPIKey") { fields in
        let name = fields.required("name", APIKeyInputs.name, "What it is for.")
        let role = fields.defaulted(
            "role", APIKeyInputs.role, Role.member.rawValue,
            "What it may do, at most what the maker may: owner, admin, member, viewer, or the id of a custom role.")
        return CreateAPIKey(
            name: name, role: RoleReference(role) ?? .builtIn(.member),
            scopes: fields.optional("scopes", APIKeyInputs.scopes, "Of what the role holds only these. Left out: all of it."),
            allowedAddresses: fields.optional(
                "allowed_addresses", APIKeyInputs.addresses, "Addresses and CIDR blocks from where alone it may be used."
            ).map { $0.compactMap { AddressBlock($0) } },
            requestsPerMinute: fields.optional(
                "requests_per_minute", .integer(APIKeyInputs.requestsPerMinute), "A bound of its own, below the tenant's."),
            expiresAt: fields.optional("expires_at", .timestamp, "When it stops working. Left out: never."))
    }
}

/// A partial change of a key.
public struct UpdateAPIKey: Sendable {
    public let name: String?
    public let scopes: Change<[Right]>
    public let allowedAddresses: Change<[String]>
    public let requestsPerMinute: Change<Int>
    public let expiresAt: Change<Timestamp>

    public static let input = Input<UpdateAPIKey>("UpdateAPIKey", "What changes of a key; what is left out stays.") { fields in
        UpdateAPIKey(
            name: fields.optional("name", APIKeyInputs.name, "What it is for."),
            scopes: fields.patch("scopes", APIKeyInputs.scopes, "Of what the role holds only these; null for all of it."),
            allowedAddresses: fields.patch(
                "allowed_addresses", APIKeyInputs.addresses, "From where alone it may be used; null for everywhere."),
            requestsPerMinute: fields.patch(
                "requests_per_minute", .integer(APIKeyInputs.requestsPerMinute), "A bound of its own; null for none."),
            expiresAt: fields.patch("expires_at", .timestamp, "When it stops working; null for never."))
    }
}

/// How a key gets a new text.
public struct RotateAPIKey: Sendable {
    /// Both texts may work for a week at most.
    public static let longestOverlapSeconds = 604_800

    public let overlapSeconds: Int

    public static let input = Input<RotateAPIKey>("RotateAPIKey", "How a key gets a new text.") { fields in
        RotateAPIKey(
            overlapSeconds: fields.defaulted(
                "overlap_seconds", .integer(0...longestOverlapSeconds), 86_400,
                "For how long the present text goes on working beside the new one."))
    }
}

enum APIKeyInputs {
    static let name = StringShape(1...100, format: .line)
    static let role = StringShape(1...64).refined(
        .format, "A role is owner, admin, member, viewer, or the id of a custom role."
    ) { RoleReference($0) != nil }
    static let scopes = ArrayShape(
        of: EnumerationShape<Right>().refined(.enumeration, "This right comes with being logged in; no key holds it.") {
            Right.grantable.contains($0)
        }, 1...64)
    static let addresses = ArrayShape(
        of: StringShape(1...50).refined(.format, "This is no address and no CIDR block such as 192.0.2.0/24 or 2001:db8::/32.") {
            AddressBlock($0) != nil
        }, 1...32)
    static let requestsPerMinute = 1...1_000_000
}
