// Acting as another: what is asked for, and what it gives.

import Base
import JSON

/// Why somebody wants to act as another, and for how long.
public struct Impersonate: Sendable {
    /// The longest that anybody acts as another.
    public static let longestMinutes = 60

    public let reason: String
    public let minutes: Int

    public init(reason: String, minutes: Int) {
        self.reason = reason
        self.minutes = minutes
    }

    /// What the logs keep of it.
    public var details: JSONObject {
        var details = JSONObject()
        details["reason"] = .string(reason)
        details["minutes"] = .integer(minutes)
        return details
    }

    public static let input = Input<Impersonate>("Impersonate", "Why, and for how long.") { fields in
        Impersonate(
            reason: fields.required("reason", .string(1...500, format: .line), "Why; the audit log keeps it."),
            minutes: fields.defaulted("minutes", .integer(1...longestMinutes), 15, "For how long."))
    }
}
