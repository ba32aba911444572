// The kinds of things that housekeeping removes, and how one transaction of each goes.

import Base
import JSON
import Postgres

/// A kind of what is removed.
enum HousekeepingChore: String, CaseIterable, Sendable {
    /// Tenants that were signed up for and never confirmed: they are given up, and go with the rest.
    case unconfirmed
    case tenants
    case sessions
    case accountLinks = "account_links"
    case invitations
    case idempotencyKeys = "idempotency_keys"
    case operatorIdempotencyKeys = "operator_idempotency_keys"
    case auditLog = "audit_log"
    case executions
    /// Definitions that were deleted, with all that they left behind.
    case definitions
    /// Versions of definitions that no run that is kept is of, but the newest of each.
    case definitionVersions = "definition_versions"
    /// Schedules that were deleted, with their fires.
    case schedules
    /// Fires of a month ago, also of schedules that nobody looks at any more.
    case scheduleFires = "schedule_fires"
    /// Datasets that were deleted, with their records.
    case datasets
    case events
    case notifications

    /// Tenants whose audit log one transaction looks at.
    static let tenantsAtOnce = 500

    /// Removes at most a batch.
    func step(in session: Session) async throws(Fault) -> HousekeepingStep {
        switch self {
        case .unconfirmed: try await remove(HousekeepingStatements.unconfirmed, in: session)
        case .tenants: try await HousekeepingChore.removeTenant(in: session)
        case .sessions: try await remove(HousekeepingStatements.sessions, in: session)
        case .accountLinks: try await remove(HousekeepingStatements.accountLinks, in: session)
        case .invitations: try await remove(HousekeepingStatements.invitations, in: session)
        case .idempotencyKeys: try await remove(HousekeepingStatements.idempotencyKeys, in: session)
        case .operatorIdempotencyKeys: try await remove(HousekeepingStatements.operatorIdempotencyKeys, in: session)
        case .auditLog:
            try await HousekeepingChore.trim(HousekeepingStatements.trim, in: session) { plan, contract in
                plan.quotas.under(contract: contract).auditDays
            }
        case .executions:
            try await HousekeepingChore.trim(HousekeepingStatements.trimExecutions, in: session) { plan, _ in plan.executionDays }
        case .definitions: try await HousekeepingChore.removeRemains(HousekeepingStatements.remains, in: session)
        case .schedules: try await HousekeepingChore.removeRemains(HousekeepingStatements.remainsOfSchedules, in: session)
        case .definitionVersions: try await HousekeepingChore.trimVersions(in: session)
        case .scheduleFires: try await remove(HousekeepingStatements.scheduleFires, in: session)
        case .datasets: try await HousekeepingChore.removeRemains(HousekeepingStatements.remainsOfDatasets, in: session)
        case .events: try await remove(HousekeepingStatements.events, in: session)
        case .notifications: try await remove(HousekeepingStatements.notifications, in: session)
        }
    }

    private func remove(_ statement: Statement<Void, Int>, in session: Session) async throws(Fault) -> HousekeepingStep {
        let count = try await session.execute(statement, Housekeeping.batchRows)
        return count == Housekeeping.batchRows ? .more(count) : .done(count)
    }

    /// Removes some of what deleted things left behind; these themselves when nothing of theirs is left.
    /// - Parameter remains: from what nothing refers to on, with how many rows go at once.
    private static func removeRemains(
        _ remains: [(Statement<Void, Int>, Int)], in session: Session
    ) async throws(Fault) -> HousekeepingStep {
        try await session.execute(HousekeepingStatements.readInOrder)
        for (remove, rows) in remains {
            let count = try await session.execute(remove, rows)
            if count > 0 { return .more(count) }
        }
        return .done(0)
    }

    /// Removes versions of definitions of all tenants, in parts, until a batch is full.
    private static func trimVersions(in session: Session) async throws(Fault) -> HousekeepingStep {
        var behind: TenantID?
        var rest = Housekeeping.batchRows
        repeat {
            let tenants = try await session.query(HousekeepingStatements.plans, behind, tenantsAtOnce).map(\.id)
            rest -= try await session.first(HousekeepingStatements.trimVersions, tenants, rest) ?? 0
            behind = tenants.count == tenantsAtOnce ? tenants.last : nil
        } while behind != nil && rest > 0
        let count = Housekeeping.batchRows - rest
        return rest == 0 ? .more(count) : .done(count)
    }

    /// Removes some rows of a tenant whose time has come; its own row when nothing else is left.
    private static func removeTenant(in session: Session) async throws(Fault) -> HousekeepingStep {
        guard let tenant = try await session.first(HousekeepingStatements.dueTenant) else { return .done(0) }
        for remove in HousekeepingStatements.removals {
            let count = try await session.execute(remove, tenant, Housekeeping.batchRows)
            if count > 0 { return .more(count) }
        }
        try await session.execute(
            OperatorAction.write, OperatorAction.tenantRemoved.rawValue, nil, tenant, tenant.uuid, nil,
            InternalRequest.shared.requestIDText, JSONBytes(Array("{}".utf8)))
        return .more(try await session.execute(HousekeepingStatements.removeTenant, tenant))
    }

    /// Removes what is older than the tenants' plans keep. Each transaction goes through all tenants, in parts, and ends when it has a batch.
    private static func trim(
        _ statement: Statement<Void, [TenantID], [UUIDBits], Int>, in session: Session, days: (Plan, JSONValue) -> Int
    ) async throws(Fault) -> HousekeepingStep {
        var behind: TenantID?
        var rest = Housekeeping.batchRows
        repeat {
            let tenants = try await session.query(HousekeepingStatements.plans, behind, tenantsAtOnce)
            let moments = tenants.map { tenant in
                Timestamp(microseconds: Timestamp.now.microseconds - Int64(days(tenant.plan, tenant.contract)) * 86_400_000_000)
            }
            // Whatever lies before the moment has a lesser id.
            let bounds = moments.map { UUIDBits(high: UInt64(max(0, $0.microseconds / 1000)) << 16, low: 0) }
            rest -= try await session.execute(statement, tenants.map(\.id), bounds, rest)
            behind = tenants.count == tenantsAtOnce ? tenants.last?.id : nil
        } while behind != nil && rest > 0
        let count = Housekeeping.batchRows - rest
        return rest == 0 ? .more(count) : .done(count)
    }
}

/// The statements of housekeeping, in its role.
enum HousekeepingStatements {
    /// Held to the end of the transaction.
    static let lock = Statement<Bool>("lock housekeeping", "SELECT pg_try_advisory_xact_lock(4849512170093)") {
        row throws(Fault) in try row.value(0)
    }

    /// A removal of what `condition` holds for, at most so many rows.
    private static func removal(_ table: String, _ condition: String) -> Statement<Void, Int> {
        Statement(
            "remove old \(table)",
            "DELETE FROM \(table) WHERE ctid = ANY (ARRAY(SELECT ctid FROM \(table) WHERE \(condition) LIMIT $1))")
    }

    static let sessions = removal(
        "sessions", "ended_at < now() - interval '30 days' OR expires_at < now() - interval '30 days'")
    static let accountLinks = removal("account_links", "least(used_at, expires_at) < now() - interval '1 day'")
    static let invitations = removal(
        "invitations", "least(accepted_at, revoked_at, expires_at) < now() - interval '30 days'")
    static let idempotencyKeys = removal("idempotency_keys", "expires_at < now()")
    static let operatorIdempotencyKeys = removal("operator_idempotency_keys", "expires_at < now()")
    static let events = removal("events", "at < now() - interval '7 days'")
    static let scheduleFires = removal(
        "schedule_fires", "planned_at < now() - interval '30 days' AND outcome <> 'buffered'")
    /// How many of the newest versions stay is the function's to say.
    static let trimVersions = Statement<Int, [TenantID], Int>("trim versions", "SELECT insula_trim_versions($1, $2)") {
        row throws(Fault) in try row.value(0)
    }
    static let notifications = removal("notifications", "created_at < now() - interval '30 days'")

    // MARK: Tenants

    static let unconfirmed = Statement<Void, Int>(
        "give up unconfirmed tenants",
        """
        UPDATE tenants SET state = 'deleting', deletes_at = now(), confirm_by = NULL WHERE tenant_id IN (
            SELECT tenant_id FROM tenants WHERE state = 'active' AND confirm_by <= now() LIMIT $1)
        AND state = 'active' AND confirm_by <= now()
        """)

    static let dueTenant = Statement<TenantID>(
        "due tenant",
        "SELECT tenant_id FROM tenants WHERE state = 'deleting' AND deletes_at <= now() ORDER BY deletes_at LIMIT 1"
    ) { row throws(Fault) in try row.value(0) }

    /// By table, from what nothing refers to on.
    static let removals = TenantTable.all.reversed().filter { $0.name != "tenants" }.map { $0.makeRemove() }

    static let removeTenant = Statement<Void, TenantID>("remove tenant", "DELETE FROM tenants WHERE tenant_id = $1")

    // MARK: The audit log

    static let plans = Statement<(id: TenantID, plan: Plan, contract: JSONValue), TenantID?, Int>(
        "plans of tenants",
        "SELECT tenant_id, plan, quotas FROM tenants WHERE $1 IS NULL OR tenant_id > $1 ORDER BY tenant_id LIMIT $2"
    ) { row throws(Fault) in
        let contract = try JSONValue(parsing: try row.value(2, as: JSONBytes.self).bytes)
        let plan = Plan(rawValue: try row.value(1)) ?? .enterprise
        return (try row.value(0), plan, contract)
    }

    /// The oldest lines of each tenant before its bound.
    static let trim = Statement<Void, [TenantID], [UUIDBits], Int>(
        "trim audit logs",
        """
        DELETE FROM audit_log WHERE ctid = ANY (ARRAY(
            SELECT old.line FROM unnest($1::uuid[], $2::uuid[]) AS kept (tenant_id, bound)
            CROSS JOIN LATERAL (
                SELECT a.ctid AS line FROM audit_log a WHERE a.tenant_id = kept.tenant_id AND a.id < kept.bound
                ORDER BY a.id LIMIT $3
            ) old
            LIMIT $3))
        """)

    // MARK: What was deleted

    /// What deleted definitions left behind, from what nothing refers to on, with how many rows go at once: executions take their steps and logs
    /// along, definitions their versions. What has not come to its end yet is waited for.
    static let remains: [(Statement<Void, Int>, Int)] = [
        // In the order of an index, so that each batch finds its rows at once however many there are.
        (
            remains(
                "executions",
                """
                SELECT x.ctid FROM executions x
                WHERE (x.tenant_id, x.definition_id) = (d.tenant_id, d.id) AND x.finished_at IS NOT NULL ORDER BY x.id DESC LIMIT $1
                """), 100
        ),
        (
            remains(
                "schedule_fires",
                """
                SELECT f.line FROM schedules s CROSS JOIN LATERAL (
                    SELECT x.ctid FROM schedule_fires x
                    WHERE (x.tenant_id, x.schedule_id) = (s.tenant_id, s.id) ORDER BY x.planned_at LIMIT $1) f (line)
                WHERE (s.tenant_id, s.definition_id) = (d.tenant_id, d.id) LIMIT $1
                """), Housekeeping.batchRows
        ),
        (
            remains(
                "schedules",
                "SELECT x.ctid FROM schedules x WHERE (x.tenant_id, x.definition_id) = (d.tenant_id, d.id) LIMIT $1"),
            Housekeeping.batchRows
        ),
        (
            removal(
                "definitions",
                "state = 'deleted' AND NOT EXISTS (SELECT FROM executions e "
                    + "WHERE (e.tenant_id, e.definition_id) = (definitions.tenant_id, definitions.id))"), 10
        ),
    ]

    static let remainsOfSchedules: [(Statement<Void, Int>, Int)] = [
        (
            remains(
                "schedule_fires", of: "schedules",
                """
                SELECT x.ctid FROM schedule_fires x
                WHERE (x.tenant_id, x.schedule_id) = (d.tenant_id, d.id) ORDER BY x.planned_at LIMIT $1
                """), Housekeeping.batchRows
        ),
        (
            removal(
                "schedules",
                "state = 'deleted' AND NOT EXISTS (SELECT FROM schedule_fires f "
                    + "WHERE (f.tenant_id, f.schedule_id) = (schedules.tenant_id, schedules.id))"), Housekeeping.batchRows
        ),
    ]

    static let remainsOfDatasets: [(Statement<Void, Int>, Int)] = [
        (
            remains(
                "dataset_records", of: "datasets", where: "d.deleted_at IS NOT NULL",
                """
                SELECT x.ctid FROM dataset_records x
                WHERE (x.tenant_id, x.dataset_id) = (d.tenant_id, d.id) ORDER BY x.key LIMIT $1
                """), Housekeeping.batchRows
        ),
        (
            removal(
                "datasets",
                "deleted_at IS NOT NULL AND NOT EXISTS (SELECT FROM dataset_records r "
                    + "WHERE (r.tenant_id, r.dataset_id) = (datasets.tenant_id, datasets.id))"), Housekeeping.batchRows
        ),
    ]

    /// The index is worth more than what the planner thinks is left.
    static let readInOrder = Statement<Void>(
        "read in the order of an index", "SELECT set_config('enable_bitmapscan', 'off', true)")

    /// A removal of what deleted owners `d` have.
    /// - Parameters:
    ///   - condition: whether one is deleted.
    ///   - theirs: a query for the `ctid` of some rows of one.
    private static func remains(
        _ table: String, of owners: String = "definitions", where condition: String = "d.state = 'deleted'", _ theirs: String
    ) -> Statement<Void, Int> {
        Statement(
            "remove \(table) of deleted \(owners)",
            """
            DELETE FROM \(table) WHERE ctid = ANY (ARRAY(
                SELECT old.line FROM \(owners) d CROSS JOIN LATERAL (\(theirs)) old (line)
                WHERE \(condition) LIMIT $1))
            """)
    }

    // MARK: Executions

    /// The oldest of each tenant before its bound, with their steps, logs and signals. What somebody still has to resolve stays.
    static let trimExecutions = Statement<Void, [TenantID], [UUIDBits], Int>(
        "trim executions",
        """
        DELETE FROM executions WHERE ctid = ANY (ARRAY(
            SELECT old.line FROM unnest($1::uuid[], $2::uuid[]) AS kept (tenant_id, bound)
            CROSS JOIN LATERAL (
                SELECT e.ctid AS line FROM executions e
                WHERE e.tenant_id = kept.tenant_id AND e.id < kept.bound AND e.finished_at < now() - interval '30 days'
                    AND e.state <> 'indeterminate'
                ORDER BY e.id LIMIT $3
            ) old
            LIMIT $3))
        """)
}
