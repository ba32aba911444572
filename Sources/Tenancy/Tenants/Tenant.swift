// A tenant as its members see it.

import Base
import JSON

/// An organisation.
public struct Tenant: Sendable {
    /// Whether a tenant may act.
    public enum State: String, Sendable, CaseIterable {
        case active, suspended, deleting
    }

    public let id: TenantID
    public let slug: String
    public let name: String
    public let plan: Plan
    public let state: State
    public let createdAt: Timestamp

    public init(id: TenantID, slug: String, name: String, plan: Plan, state: State, createdAt: Timestamp) {
        self.id = id
        self.slug = slug
        self.name = name
        self.plan = plan
        self.state = state
        self.createdAt = createdAt
    }

    /// Whether `text` may be a slug: 1 to 63 of `a-z`, `0-9` and inner hyphens, as in a host name.
    public static func isSlug(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard (1...63).contains(bytes.count), bytes.first != UInt8(ascii: "-"), bytes.last != UInt8(ascii: "-") else {
            return false
        }
        return bytes.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: "-")
        }
    }
}
