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

    public init(users: Int, keys: Int, agents: Int, runningAgents: Int) {
        self.users = users
        self.keys = keys
        self.agents = agents
        self.runningAgents = runningAgents
    }

    public static let output = Output<TenantUsage>(
        "TenantUsage", "What a tenant has now.",
        [
            .field("users", "Accounts, disabled ones included.") { $0.users },
            .field("keys", "API keys that are neither revoked nor expired.") { $0.keys },
            .field("agents", "Agents.") { $0.agents },
            .field("running_agents", "Agents that run.") { $0.runningAgents },
        ])

    /// The four figures of the tenant that the transaction is in, as columns.
    static let columns = """
        (SELECT count(*) FROM users), \
        (SELECT count(*) FROM api_keys WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())), \
        (SELECT count(*) FROM definitions WHERE kind = 'agent'), \
        (SELECT count(*) FROM definitions WHERE kind = 'agent' AND state = 'running')
        """
}
