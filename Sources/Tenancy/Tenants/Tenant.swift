// A tenant as its members and the operators see it.

import Base
import JSON

/// An organisation.
public struct Tenant: Sendable {
    /// Whether a tenant may act.
    public enum State: String, Sendable, CaseIterable {
        case active
        /// Halted by an operator: nothing of it acts, everything of it is kept.
        case suspended
        /// Given up: halted, and removed when its time comes.
        case deleting
    }

    public let id: TenantID
    public let slug: String
    public let name: String
    public let plan: Plan
    public let state: State
    public let settings: TenantSettings
    /// What a contract sets otherwise than the plan: an object of figures.
    public let contract: JSONValue
    /// How often it was changed.
    public let revision: Int
    public let createdAt: Timestamp
    public let updatedAt: Timestamp
    public let suspendedAt: Timestamp?
    /// When it is removed, of one that is given up.
    public let deletesAt: Timestamp?
    /// What it has; `nil` where nobody counted.
    public let usage: TenantUsage?

    /// What it may have and do, by its plan and its contract.
    public var quotas: Quotas { plan.quotas.under(contract: contract) }

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
