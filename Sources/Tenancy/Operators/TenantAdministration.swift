// What operators do with tenants: look, change plan and contract, halt, let go on, give up, bring back. Each act is one transaction in the
// operators' role, and stands in two logs: theirs, and that of the tenant.

import Base
import JSON
import Postgres

/// The tenants, as those who run the installation reach them.
public struct TenantAdministration: Sendable {
    private let database: Database

    public init(database: Database) {
        self.database = database
    }

    /// Tenants, without what they have.
    /// - Parameters:
    ///   - before: where an earlier part of the list ended.
    ///   - limit: how many at most, 1 to 100.
    public func list(
        _ filter: TenantFilter, before: TenantID? = nil, limit: Int = 20, order: ListOrder = .newestFirst,
        by permit: OperatorPermit
    ) async throws(Fault) -> Listing<Tenant, TenantID> {
        precondition(Listing<Tenant, TenantID>.limits.contains(limit), "the limit of a list is checked at the door")
        let found = try await database.operator { session throws(Fault) in
            try await session.query(
                TenantStatements.listPart, filter.state?.rawValue, filter.plan?.rawValue, filter.slug, before, limit + 1,
                order.isAscending)
        }
        return Listing(found, limit: limit) { $0.id }
    }

    /// A tenant with what it has.
    /// - Throws: `.notFound`.
    public func get(_ id: TenantID, by permit: OperatorPermit) async throws(Fault) -> Tenant {
        try await database.operator(.tenant(id)) { session throws(Fault) in
            try TenantAdministration.found(try await session.first(TenantStatements.read, id))
        }
    }

    /// Changes name, plan or contract. It holds from the tenant's next request.
    /// - Throws: `.notFound`; `.preconditionFailed` when it has changed meanwhile.
    public func update(_ id: TenantID, _ update: AdministerTenant, by permit: OperatorPermit) async throws(Fault) -> Tenant {
        try await change(id, permit) { session, tenant throws(Fault) in
            let plan = update.plan ?? tenant.plan
            let contract = update.contract?.applied(to: tenant.contract) ?? tenant.contract
            let changesQuotas = plan != tenant.plan || contract != tenant.contract
            var details = JSONObject()
            details["plan"] = .string(plan.rawValue)
            details["quotas"] = contract
            try await session.execute(
                TenantStatements.administer, id, update.name ?? tenant.name, plan.rawValue, JSONBytes(contract.bytes),
                AuditEntry(changesQuotas ? .tenantPlanChanged : .tenantUpdated, by: permit, details: details))
            try await permit.log(.tenantUpdated, tenant: id, details: details, in: session)
            if changesQuotas { try await Tenants.tell(id, in: session) }
        }
    }

    /// Halts a tenant: its sessions, keys and work stop on every node.
    /// - Throws: `.notFound`; `.invalidState` unless it is active.
    public func suspend(_ id: TenantID, _ reason: Reason, by permit: OperatorPermit) async throws(Fault) -> Tenant {
        try await change(id, permit) { session, tenant throws(Fault) in
            guard tenant.state == .active else { throw Tenants.refusal(tenant.state, "suspended") }
            try await session.execute(
                TenantStatements.suspend, id, AuditEntry(.tenantSuspended, by: permit, details: reason.details))
            try await permit.log(.tenantSuspended, tenant: id, details: reason.details, in: session)
            try await Tenants.halt(id, in: session)
        }
    }

    /// Lets a suspended tenant go on, its work included.
    /// - Throws: `.notFound`; `.invalidState` unless it is suspended.
    public func resume(_ id: TenantID, by permit: OperatorPermit) async throws(Fault) -> Tenant {
        try await change(id, permit) { session, tenant throws(Fault) in
            guard tenant.state == .suspended else { throw Tenants.refusal(tenant.state, "resumed") }
            try await session.execute(TenantStatements.restore, id, AuditEntry(.tenantResumed, by: permit))
            try await permit.log(.tenantResumed, tenant: id, in: session)
            try await Tenants.tell(id, in: session)
        }
    }

    /// Gives a tenant up: it is halted now and removed after the delay.
    /// - Throws: `.notFound`; `.invalidState` when it is given up already.
    public func delete(_ id: TenantID, delayHours: Int, by permit: OperatorPermit) async throws(Fault) -> Tenant {
        try await change(id, permit) { session, tenant throws(Fault) in
            guard tenant.state != .deleting else { throw Tenants.refusal(tenant.state, "deleted") }
            try await session.execute(
                TenantStatements.giveUp, id, delayHours, AuditEntry(.tenantDeletionRequested, by: permit))
            try await permit.log(.tenantDeletionRequested, tenant: id, in: session)
            try await Tenants.halt(id, in: session)
        }
    }

    /// Brings back a tenant that was given up, before its time has come: as it was, active or suspended.
    /// - Throws: `.notFound`; `.invalidState` unless it is given up; `.gone` when its removal may have begun.
    public func undelete(_ id: TenantID, by permit: OperatorPermit) async throws(Fault) -> Tenant {
        try await change(id, permit) { session, tenant throws(Fault) in
            guard tenant.state == .deleting else { throw Tenants.refusal(tenant.state, "brought back") }
            guard try await session.first(TenantAdministration.isStillThere, id) == true else {
                throw Fault(.gone, "The time in which the tenant could be brought back is over.")
            }
            try await session.execute(TenantStatements.restore, id, AuditEntry(.tenantRestored, by: permit))
            try await permit.log(.tenantRestored, tenant: id, in: session)
            try await Tenants.tell(id, in: session)
        }
    }

    /// Writes down that an operator exports a tenant.
    /// - Throws: `.notFound`.
    public func beginExport(of id: TenantID, by permit: OperatorPermit) async throws(Fault) {
        try await database.operator(.tenant(id)) { session throws(Fault) in
            _ = try TenantAdministration.found(try await session.first(TenantStatements.read, id))
            try await session.execute(AuditEntry.insert, AuditEntry(.tenantExported, by: permit), id.uuid)
            try await permit.log(.tenantExported, tenant: id, in: session)
        }
    }

    /// Writes down that an operator acts as a person of a tenant: before he does, so that no line can be missing.
    /// - Throws: `.notFound` when there is no such person.
    public func beginImpersonation(
        of user: UserID, in id: TenantID, details: JSONObject, by permit: OperatorPermit
    ) async throws(Fault) {
        try await database.operator(.tenant(id)) { session throws(Fault) in
            _ = try TenantAdministration.found(try await session.first(TenantStatements.read, id))
            guard try await session.first(TenantAdministration.hasPerson, user) == true else {
                throw Fault(.notFound, "There is no such user.")
            }
            try await permit.log(.userImpersonated, tenant: id, target: user.uuid, details: details, in: session)
        }
    }

    // MARK: Inside

    /// Runs `body` with the tenant, locked, and answers what it has become.
    private func change(
        _ id: TenantID, _ permit: OperatorPermit, _ body: (Session, Tenant) async throws(Fault) -> Void
    ) async throws(Fault) -> Tenant {
        try await database.operator(.tenant(id)) { session throws(Fault) in
            let tenant = try TenantAdministration.found(try await session.first(TenantStatements.lock, id))
            try Tenants.check(tenant.revision, permit.request)
            try await body(session, tenant)
            return try TenantAdministration.found(try await session.first(TenantStatements.read, id))
        }
    }

    private static func found(_ tenant: Tenant?) throws(Fault) -> Tenant {
        guard let tenant else { throw Tenants.notFound }
        return tenant
    }

    private static let hasPerson = Statement<Bool, UserID>(
        "whether there is a person", "SELECT EXISTS (SELECT FROM users WHERE id = $1)"
    ) { row throws(Fault) in try row.value(0) }

    private static let isStillThere = Statement<Bool, TenantID>(
        "whether a tenant can be brought back", "SELECT deletes_at > clock_timestamp() FROM tenants WHERE tenant_id = $1"
    ) { row throws(Fault) in try row.value(0) }
}

/// Which tenants an operator wants to see.
public struct TenantFilter: Sendable {
    public let state: Tenant.State?
    public let plan: Plan?
    public let slug: String?

    public init(state: Tenant.State? = nil, plan: Plan? = nil, slug: String? = nil) {
        self.state = state
        self.plan = plan
        self.slug = slug
    }
}
