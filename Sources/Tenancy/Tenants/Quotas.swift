// The figures of a plan. What a contract sets otherwise is stored as JSON beside the tenant and laid over them.

import Base
import JSON

/// How much a tenant may have and do.
public struct Quotas: Sendable, Hashable {
    public var requestsPerMinute: Int
    public var runningAgents: Int
    public var webhookTriggersPerHour: Int
    public var users: Int
    /// API keys that are not revoked.
    public var keys: Int
    /// Days for which the audit log is kept.
    public var auditDays: Int
    public var datasets: Int
    /// Records of all datasets.
    public var datasetRecords: Int
    /// Bytes of all datasets.
    public var datasetBytes: Int
    /// Executions that have not ended.
    public var liveExecutions: Int
    /// Agents, tasks, flows and automations together.
    public var definitions: Int

    public init(
        requestsPerMinute: Int, runningAgents: Int, webhookTriggersPerHour: Int, users: Int, keys: Int, auditDays: Int,
        datasets: Int, datasetRecords: Int, datasetBytes: Int, liveExecutions: Int, definitions: Int
    ) {
        self.requestsPerMinute = requestsPerMinute
        self.runningAgents = runningAgents
        self.webhookTriggersPerHour = webhookTriggersPerHour
        self.users = users
        self.keys = keys
        self.auditDays = auditDays
        self.datasets = datasets
        self.datasetRecords = datasetRecords
        self.datasetBytes = datasetBytes
        self.liveExecutions = liveExecutions
        self.definitions = definitions
    }

    /// The figures with those of a contract laid over them.
    /// - Parameter contract: the column `quotas`: an object with some of the names below.
    public func under(contract: JSONValue) -> Quotas {
        var quotas = self
        for (name, path) in Quotas.figures {
            if let figure = contract[name]?.int { quotas[keyPath: path] = figure }
        }
        return quotas
    }

    /// The figures by their names on the wire and in the database.
    public static var figures: [(name: String, path: WritableKeyPath<Quotas, Int>)] {
        [
            ("requests_per_minute", \.requestsPerMinute), ("running_agents", \.runningAgents),
            ("webhook_triggers_per_hour", \.webhookTriggersPerHour), ("users", \.users), ("keys", \.keys),
            ("audit_days", \.auditDays), ("datasets", \.datasets), ("dataset_records", \.datasetRecords),
            ("dataset_bytes", \.datasetBytes), ("live_executions", \.liveExecutions),
            ("definitions", \.definitions),
        ]
    }
}
