// How much of its quotas a tenant uses now.

import JSON
import Postgres

/// What a tenant has.
public struct TenantUsage: Sendable, Hashable {
    public let users: Int
    /// API keys that still open something.
    public let keys: Int
    public let agents: Int
    public let runningAgents: Int
    /// What was spent on models in this month (UTC) under a budget, and what is put aside, in millionths of a dollar.
    public let modelSpending: Int
    /// Agents, tasks, flows and automations together.
    public let definitions: Int

    init(users: Int, keys: Int, agents: Int, runningAgents: Int, modelSpending: Int, definitions: Int) {
        self.users = users
        self.keys = keys
        self.agents = agents
        self.runningAgents = runningAgents
        self.modelSpending = modelSpending
        self.definitions = definitions
    }

    public static let output = Output<TenantUsage>(
        "TenantUsage", "What a tenant has now.",
        [
            .field("users", "Accounts, disabled ones included.") { $0.users },
            .field("keys", "API keys that are neither revoked nor expired.") { $0.keys },
            .field("agents", "Agents.") { $0.agents },
            .field("running_agents", "Agents that run.") { $0.runningAgents },
            .field("definitions", "Agents, tasks, flows and automations together.") { $0.definitions },
            .field(
                "model_spending_microdollars",
                "What was spent on models in this month (UTC) since a budget is set, what is put aside included."
            ) { $0.modelSpending },
        ])

    /// The figures of the tenant that the transaction is in, as columns.
    static let columns = """
        (SELECT count(*) FROM users), \
        (SELECT count(*) FROM api_keys WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())), \
        (SELECT count(*) FROM definitions WHERE kind = 'agent' AND state <> 'deleted'), \
        (SELECT count(*) FROM definitions WHERE kind = 'agent' AND state = 'running'), \
        (SELECT coalesce(sum(spent + reserved), 0)::bigint FROM model_spending
         WHERE month = date_trunc('month', now() AT TIME ZONE 'UTC')::date), \
        (SELECT count(*) FROM definitions WHERE state <> 'deleted')
        """
}
