// What can be done with every kind of definition but the agent, below the permits: each operation is one transaction in the tenant's scope.

import Base
import JSON
import Loop
import Postgres
import Tenancy

/// The definitions of one kind.
struct DefinitionStore<Kind: IdentifiedKind>: Sendable {
    typealias Record = DefinitionRecord<Kind>

    let statements: DefinitionStatements<Kind>
    let database: Database
    /// Told of every run that becomes ready.
    let signal: QueueSignal
    /// Checks inputs; without one that is done at once.
    var pool: BlockingPool?

    private var kind: String { statements.kind }

    var notFound: Fault { Fault(.notFound, "There is no such \(kind).") }

    /// Makes a definition, which is active.
    /// - Parameter further: what else belongs to it, in the same transaction.
    /// - Throws: `.limitReached` when the tenant has as many as it may, and what `further` throws.
    func create(
        _ id: ID<Kind>, _ name: String, _ description: String, body: [UInt8], _ scope: TenantScope, _ audit: AuditEntry,
        further: (Session) async throws(Fault) -> Void = { _ throws(Fault) in }
    ) async throws(Fault) -> Record {
        let made = try await database.session(scope.database) { session throws(Fault) -> Record? in
            try await DefinitionQuota.check(scope, session)
            try await session.execute(statements.create, scope.tenant, id, name, description, JSONBytes(body), audit)
            try await further(session)
            return try await session.first(statements.get, id)
        }
        return try found(made)
    }

    /// - Throws: `.notFound`.
    func get(_ id: ID<Kind>, _ scope: TenantScope) async throws(Fault) -> Record {
        try found(try await database.once(scope.database).first(statements.get, id))
    }

    /// - Parameters:
    ///   - before: where an earlier part of the list ended.
    ///   - part: how many at most, 1 to 100, and in which order.
    func list(
        _ filter: DefinitionFilter, before: ID<Kind>?, part: (limit: Int, order: ListOrder), _ scope: TenantScope
    ) async throws(Fault) -> Listing<Record, ID<Kind>> {
        precondition(Listing<Record, ID<Kind>>.limits.contains(part.limit), "the limit of a list is checked at the door")
        let found = try await database.slow(scope.database).query(
            statements.list, filter.state?.rawValue, filter.type, filter.status?.lastRuns, filter.status == .created, before,
            part.limit + 1, part.order.isAscending)
        return Listing(found, limit: part.limit) { $0.id }
    }

    /// Changes a definition that is not archived.
    /// - Parameters:
    ///   - body: the new body, made of the present one in the same transaction, or `nil` when that stays. It makes a new version.
    ///   - further: what else changes, in the same transaction.
    /// - Throws: `.notFound`; `.preconditionFailed` when it has changed meanwhile; `.invalidState` when it is archived; `.limitReached` when it
    ///   has too many versions.
    func update<Needed>(
        _ id: ID<Kind>, _ change: DefinitionChange, _ permit: Permit<Needed>, _ action: AuditAction,
        body: (JSONRaw, Session) async throws(Fault) -> [UInt8]?,
        further: (Session) async throws(Fault) -> Void = { _ throws(Fault) in }
    ) async throws(Fault) -> Record {
        let changed = try await database.session(permit.scope.database) { session throws(Fault) -> Record? in
            guard let present = try await session.first(statements.lock, id) else { throw notFound }
            guard present.state != .archived else {
                throw Fault(.invalidState, "A \(kind) that is archived cannot be changed.")
            }
            let body = try await body(present.body, session)
            let count = try await session.execute(
                statements.update, id, change.name, change.description, body.map { JSONBytes($0) },
                permit.request.acceptedRevisions, permit.audit(action))
            guard count > 0 else { throw Fault.changedMeanwhile }
            if body != nil { try await DefinitionQuota.checkVersions(of: id.uuid, "version", session) }
            try await further(session)
            return try await session.first(statements.get, id)
        }
        return try found(changed)
    }

    /// Changes the state, and ends the schedules of what is archived.
    /// - Parameter event: what is told, such as `paused`.
    /// - Throws: `.notFound`; `.invalidState` when the present state does not allow it.
    func move<Needed>(
        _ id: ID<Kind>, to state: DefinitionState, told event: String, _ permit: Permit<Needed>, _ action: AuditAction
    ) async throws(Fault) -> Record {
        var batch = database.once(permit.scope.database).batch()
        let moved = batch.add(
            statements.move, id, state.rawValue, DefinitionState.predecessors(of: state), "\(kind).\(event)",
            permit.audit(action))
        batch.add(ScheduleStatements.end, id.uuid)
        let record = batch.add(statements.get, id)
        let results = try await batch.run()
        let present = try found(try results.first(record))
        guard results.affected(moved) > 0 else {
            throw Fault(.invalidState, "A \(kind) that is \(present.state.rawValue) cannot become \(state.rawValue).")
        }
        return present
    }

    /// Removes a definition, ends its schedules and cancels its runs. Its versions and its history are gone with it for whoever looks, and
    /// from the database by and by.
    /// - Throws: `.notFound`; `.preconditionFailed` when it has changed meanwhile.
    func delete<Needed>(_ id: ID<Kind>, _ permit: Permit<Needed>, _ action: AuditAction) async throws(Fault) {
        let isGone = try await DefinitionRemoval.remove(id.uuid, permit.scope, database) { session throws(Fault) in
            try await session.execute(statements.delete, id, permit.request.acceptedRevisions, permit.audit(action))
        }
        guard !isGone else { return Database.afterCommit { [signal] in signal.raise() } }
        let isThere = try await database.once(permit.scope.database).first(statements.get, id) != nil
        throw isThere ? .changedMeanwhile : notFound
    }

    /// Makes a run of an active definition and puts it in the queue: durable once this returns.
    /// - Throws: `.notFound`; `.invalidState` unless it is active; `.invalid` naming the fields of the input that its schema refuses;
    ///   `.limitReached` when as much is to do as the plan holds.
    func run<Needed>(
        _ id: ID<Kind>, _ run: RunDefinition, _ permit: Permit<Needed>, _ action: AuditAction
    ) async throws(Fault) -> Execution {
        let execution = ExecutionID.make()
        var checked: Int?
        for _ in 0...InputSchema.rounds {
            var batch = database.once(permit.scope.database).batch()
            let slot = batch.add(statements.run, id, execution, JSONBytes(run.input.bytes), permit.audit(action), checked)
            let made = batch.add(ExecutionStatements.get, execution)
            let results = try await batch.run()
            guard let standing = try results.first(slot) else { throw notFound }
            if let execution = try results.first(made) {
                Database.afterCommit { [signal] in signal.raise() }
                return execution
            }
            guard standing.state == .active else {
                throw Fault(.invalidState, "A \(kind) that is \(standing.state.rawValue) cannot be run.")
            }
            guard let schema = standing.schema, schema.version != checked else {
                throw EnqueueClause.full(permit.scope.quotas.liveExecutions)
            }
            try await schema.check(run.input, on: pool)
            checked = schema.version
        }
        throw .changedMeanwhile
    }

    /// How its latest runs went.
    /// - Throws: `.notFound`.
    func statistics(of id: ID<Kind>, _ scope: TenantScope) async throws(Fault) -> RunStatistics {
        var batch = database.slow(scope.database).batch()
        let record = batch.add(statements.get, id)
        let statistics = batch.add(statements.statistics, id, RunStatistics.most)
        let results = try await batch.run()
        _ = try found(try results.first(record))
        guard let statistics = try results.first(statistics) else { throw notFound }
        return statistics
    }

    private func found(_ record: Record?) throws(Fault) -> Record {
        guard let record else { throw notFound }
        return record
    }
}
