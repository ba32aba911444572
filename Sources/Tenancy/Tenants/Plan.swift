// What a tenant has subscribed to, and what each plan holds. An operator can set single figures otherwise for one tenant: a contract.

/// What a tenant has subscribed to.
public enum Plan: String, Sendable, CaseIterable {
    case free, developer, professional, enterprise

    /// What the plan holds.
    public var quotas: Quotas {
        switch self {
        case .free:
            Quotas(
                requestsPerMinute: 100, runningAgents: 5, webhookTriggersPerHour: 1_000, users: 25, keys: 25, auditDays: 30,
                datasets: 5,
                datasetRecords: 10_000, datasetBytes: 50 << 20, liveExecutions: 20_000, definitions: 200)
        case .developer:
            Quotas(
                requestsPerMinute: 1_000, runningAgents: 25, webhookTriggersPerHour: 10_000, users: 250, keys: 250, auditDays: 90,
                datasets: 50,
                datasetRecords: 250_000, datasetBytes: 1 << 30, liveExecutions: 100_000, definitions: 1_000)
        case .professional:
            Quotas(
                requestsPerMinute: 5_000, runningAgents: 100, webhookTriggersPerHour: 50_000, users: 2_500, keys: 1_000,
                auditDays: 365, datasets: 500, datasetRecords: 5_000_000, datasetBytes: 20 << 30,
                liveExecutions: 500_000, definitions: 5_000)
        case .enterprise:
            Quotas(
                requestsPerMinute: 60_000, runningAgents: 1_000, webhookTriggersPerHour: 500_000, users: 100_000, keys: 10_000,
                auditDays: 2_555, datasets: 5_000, datasetRecords: 100_000_000, datasetBytes: 500 << 30,
                liveExecutions: 2_000_000, definitions: 50_000)
        }
    }

    /// Days for which executions that have ended are kept, with their steps and logs. None is less than what the housekeeper may remove.
    public var executionDays: Int {
        switch self {
        case .free: 30
        case .developer: 90
        case .professional: 180
        case .enterprise: 365
        }
    }

    /// How much of the queue a tenant gets where tenants compete, against 1.
    public var weight: Double {
        switch self {
        case .free: 1
        case .developer: 2
        case .professional: 4
        case .enterprise: 8
        }
    }
}
