// How a tenant is written on the wire.

import JSON

extension Tenant {
    public static let output = Output<Tenant>(
        "Tenant", "An organisation: everything else belongs to one.",
        [
            .field("id", "Its id.") { $0.id },
            .field("slug", "Its name in addresses and commands.") { $0.slug },
            .field("name", "What people call it.") { $0.name },
            .field("plan", "What it has subscribed to.") { $0.plan },
            .field("state", "Whether it may act.") { $0.state },
            .object("settings", "What it decides about itself.", TenantSettings.output) { $0.settings },
            .object("quotas", "What it may have and do, by its plan and its contract.", Quotas.output) { $0.quotas },
            .objectOrNull("usage", "What it has; null in lists.", TenantUsage.output) { $0.usage },
            .field("created_at", "When it was made.") { $0.createdAt },
            .field("updated_at", "When it was last changed.") { $0.updatedAt },
            .field("suspended_at", "When an operator halted it.") { $0.suspendedAt },
            .field("deletes_at", "When it is removed, of one that is given up.") { $0.deletesAt },
        ]
    ).revised { $0.revision }
}

extension Quotas {
    public static let output = Output<Quotas>(
        "Quotas", "How much a tenant may have and do.",
        [
            .field("requests_per_minute", "Requests a minute.") { $0.requestsPerMinute },
            .field("running_agents", "Agents that run at once.") { $0.runningAgents },
            .field("webhook_triggers_per_hour", "Webhook triggers an hour.") { $0.webhookTriggersPerHour },
            .field("users", "Accounts.") { $0.users },
            .field("keys", "API keys that are not revoked.") { $0.keys },
            .field("audit_days", "Days for which the audit log is kept.") { $0.auditDays },
            .field("datasets", "Datasets.") { $0.datasets },
            .field("dataset_records", "Records of all datasets.") { $0.datasetRecords },
            .field("dataset_bytes", "Bytes of all datasets' records.") { $0.datasetBytes },
            .field("live_executions", "Executions that have not ended, as they are counted every few seconds.") {
                $0.liveExecutions
            },
            .field("definitions", "Agents, tasks, flows and automations together.") { $0.definitions },
        ])
}

extension Plan: JSONRepresentable {}
extension Tenant.State: JSONRepresentable {}
extension Role: JSONRepresentable {}
