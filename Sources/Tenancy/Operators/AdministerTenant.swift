// What an operator may change about a tenant, and with which words he halts one.

import Base
import JSON

/// A partial change of a tenant by an operator.
public struct AdministerTenant: Sendable {
    public let name: String?
    public let plan: Plan?
    public let contract: ChangeContract?

    public static let input = Input<AdministerTenant>("AdministerTenant", "What to change; what is left out stays as it is.") {
        fields in
        AdministerTenant(
            name: fields.optional("name", .string(1...100, format: .line), "What people call it."),
            plan: fields.optional("plan", .enumeration(Plan.self), "What it has subscribed to."),
            contract: fields.optional(
                "quotas", ChangeContract.input, "What a contract sets otherwise than the plan; null brings the plan's back."))
    }
}

/// A partial change of the figures of a contract.
public struct ChangeContract: Sendable {
    /// By the names of `Quotas.figures`.
    let figures: [(name: String, change: Change<Int>)]

    /// The contract that follows from `contract`.
    public func applied(to contract: JSONValue) -> JSONValue {
        var object = contract.object ?? JSONObject()
        for (name, change) in figures {
            object[name] = change.applied(to: object[name]?.int).map { .integer($0) }
        }
        return .object(object)
    }

    public static let input = Input<ChangeContract>("ChangeContract", "Figures to set; null brings the plan's back.") { fields in
        ChangeContract(figures: [
            ("requests_per_minute", fields.patch("requests_per_minute", figure, "Requests a minute.")),
            ("running_agents", fields.patch("running_agents", figure, "Agents that run at once.")),
            (
                "webhook_triggers_per_hour",
                fields.patch("webhook_triggers_per_hour", figure, "Webhook triggers an hour.")
            ),
            ("users", fields.patch("users", figure, "Accounts.")),
            ("keys", fields.patch("keys", figure, "API keys that are not revoked.")),
            ("live_executions", fields.patch("live_executions", figure, "Executions that have not ended.")),
            ("definitions", fields.patch("definitions", figure, "Agents, tasks, flows and automations together.")),
            // What the housekeeper's policy keeps in any case.
            ("audit_days", fields.patch("audit_days", .integer(30...3_650), "Days for which the audit log is kept.")),
        ])
    }

    private static let figure = IntegerShape(1...1_000_000_000)
}

/// Why something is done that takes away from somebody.
public struct Reason: Sendable {
    public let text: String

    public static let input = Input<Reason>("Reason", "Why it is done; the tenant's audit log shows it.") { fields in
        Reason(text: fields.required("reason", .string(1...500), "Why it is done."))
    }

    var details: JSONObject {
        var details = JSONObject()
        details["reason"] = .string(text)
        return details
    }
}
