// Writes of many runs or triggers in one commit: while one Sync of a tenant is under way, the writes that come meanwhile are gathered, and go
// together as the next; those of one kind as one statement for all of them. One alone waits for nobody. One that fails takes none of the
// others along: they are done again one by one.
// Bounds: `statementLimit` statements a Sync; one Sync of a tenant under way; a run has one write under way, or two, a request one.

import Base
import Loop
import Postgres
import Tenancy

/// A write of which many become one statement, or a few.
protocol GatheredWrite {
    associatedtype Answer
    /// Adds the statements of them all. It may be called again, with each by itself.
    /// - Returns: what reads the answers, in the same order.
    static func add(_ writes: [Self], to batch: inout Batch<Once>) -> Gatherer.Reading<[Answer]>
}

/// The gathered writes of one loop. Used on that loop alone.
final class Gatherer: @unchecked Sendable {
    // Touched on its loop alone.

    /// Statements of one Sync, each counted as if it went by itself; what a single write brings beyond that goes alone.
    static let statementLimit = 120

    /// Reads what a write came to.
    typealias Reading<Value> = (BatchResults) throws(Fault) -> Value

    /// Adds the statements of entries of one kind, which is the kind of each.
    private typealias Joining = ([Entry], inout Batch<Once>) -> Reading<Void>

    /// One write among others.
    @safe private class Entry {
        /// What it may go together with as one statement.
        let kind: ObjectIdentifier?
        let statementCount: Int
        let locks: [ExecutionID]
        let join: Joining
        var fault: Fault?
        var isDone = false
        var waiter: UnsafeContinuation<Void, Never>?

        init(_ kind: ObjectIdentifier?, _ statementCount: Int, _ locks: [ExecutionID], _ join: @escaping Joining) {
            self.kind = kind
            self.statementCount = statementCount
            self.locks = locks
            self.join = join
        }

        func finish(_ fault: Fault?) {
            self.fault = fault
            isDone = true
            unsafe waiter.take()?.resume()
        }
    }

    /// One of a kind.
    private final class KindredEntry<Write: GatheredWrite>: Entry {
        let write: Write
        var answer: Write.Answer?

        init(_ write: Write, _ statementCount: Int, _ locks: [ExecutionID]) {
            self.write = write
            super.init(ObjectIdentifier(Write.self), statementCount, locks) { entries, batch in
                let kindred = entries.compactMap { $0 as? KindredEntry<Write> }
                let read = Write.add(kindred.map(\.write), to: &batch)
                return { results throws(Fault) in
                    for (entry, answer) in zip(kindred, try read(results)) { entry.answer = answer }
                }
            }
        }
    }

    private final class Answer<Value> {
        var value: Value?
    }

    private let database: Database
    private let loop: EventLoop
    let events: EventSignal
    /// Told by runs that they made something ready.
    let signal: QueueSignal?
    /// What waits, by tenant. A tenant stands here as long as a Sync of his is under way.
    private var waiting: [TenantID: [Entry]] = [:]

    /// - Parameter events: told that events were written.
    init(database: Database, loop: EventLoop, events: EventSignal = EventSignal(), signal: QueueSignal? = nil) {
        self.database = database
        self.events = events
        self.signal = signal
        self.loop = loop
    }

    /// Writes, together with others of the same tenant and as one statement with those of the same kind.
    /// - Parameters:
    ///   - statementCount: how many statements it would be by itself.
    ///   - locks: whose rows of the queue it changes. All of them are locked first, in one order.
    func write<Write: GatheredWrite>(
        _ write: Write, for tenant: TenantID, _ statementCount: Int, locks: [ExecutionID] = []
    ) async throws(Fault) -> Write.Answer {
        let entry = KindredEntry(write, statementCount, locks)
        try await wait(for: entry, of: tenant)
        guard let answer = entry.answer else { preconditionFailure("a write that did not fail was read") }
        return answer
    }

    /// Writes, together with others of the same tenant.
    /// - Parameters:
    ///   - statementCount: at least as many as `add` adds.
    ///   - locks: whose rows of the queue it changes. All of them are locked first, in one order.
    ///   - add: adds the statements, and gives what reads their results. It may be called twice.
    func write<Value>(
        for tenant: TenantID, _ statementCount: Int, locks: [ExecutionID] = [],
        _ add: @escaping (inout Batch<Once>) -> Reading<Value>
    ) async throws(Fault) -> Value {
        let answer = Answer<Value>()
        let entry = Entry(nil, statementCount, locks) { _, batch in
            let read = add(&batch)
            return { results throws(Fault) in answer.value = try read(results) }
        }
        try await wait(for: entry, of: tenant)
        guard let value = answer.value else { preconditionFailure("a write that did not fail was read") }
        return value
    }

    private func wait(for entry: Entry, of tenant: TenantID) async throws(Fault) {
        submit(entry, for: tenant)
        if !entry.isDone {
            unsafe await withUnsafeContinuation { continuation in unsafe entry.waiter = continuation }
        }
        if let fault = entry.fault { throw fault }
    }

    private func submit(_ entry: Entry, for tenant: TenantID) {
        if waiting[tenant]?.append(entry) != nil { return }
        waiting[tenant] = [entry]
        loop.spawn { [self] in await drain(tenant) }
    }

    private func drain(_ tenant: TenantID) async {
        while let queue = waiting[tenant], !queue.isEmpty {
            var count = 0
            let part = queue.prefix { entry in
                defer { count += entry.statementCount }
                return count == 0 || count + entry.statementCount <= Gatherer.statementLimit
            }
            waiting[tenant] = Array(queue.dropFirst(part.count))
            await send(Array(part), for: tenant)
        }
        waiting[tenant] = nil
    }

    private func send(_ entries: [Entry], for tenant: TenantID) async {
        var batch = database.gathered(.tenant(tenant)).batch()
        let locks = Set(entries.flatMap(\.locks))
        if !locks.isEmpty { batch.add(RunStatements.lockAll, Array(locks)) }
        let groups = Gatherer.groups(of: entries)
        let readings = groups.map { $0[0].join($0, &batch) }
        let results: BatchResults
        do throws(Fault) {
            results = try await batch.run()
        } catch {
            // What is away is away for all; anything else is the fault of one, or of them all together.
            guard entries.count > 1, error.code != .unavailable else {
                for entry in entries { entry.finish(error) }
                return
            }
            for entry in entries { await send([entry], for: tenant) }
            return
        }
        events.raise()
        for (group, read) in zip(groups, readings) {
            var fault: Fault?
            do throws(Fault) { try read(results) } catch { fault = error }
            for entry in group { entry.finish(fault) }
        }
    }

    /// Those of a kind together, any other by itself.
    private static func groups(of entries: [Entry]) -> [[Entry]] {
        var groups: [[Entry]] = []
        var places: [ObjectIdentifier: Int] = [:]
        for entry in entries {
            if let kind = entry.kind, let place = places[kind] {
                groups[place].append(entry)
            } else {
                if let kind = entry.kind { places[kind] = groups.count }
                groups.append([entry])
            }
        }
        return groups
    }
}
