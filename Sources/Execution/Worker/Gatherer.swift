// Writes of many runs or triggers in one commit: while one Sync of a tenant is under way, the writes that come meanwhile are gathered, and go
// together as the next. One alone waits for nobody. One that fails takes none of the others along: they are done again one by one.
// Bounds: `statementLimit` statements a Sync; one Sync of a tenant under way; a run has one write under way, or two, a request one.

import Base
import Loop
import Postgres
import Tenancy

/// The gathered writes of one loop. Used on that loop alone.
final class Gatherer: @unchecked Sendable {
    // Touched on its loop alone.

    /// Statements of one Sync; what a single write brings beyond that goes alone.
    static let statementLimit = 120

    /// Reads what a write came to.
    typealias Reading<Value> = (BatchResults) throws(Fault) -> Value

    /// One write among others.
    @safe private final class Entry {
        let statementCount: Int
        let locks: [ExecutionID]
        let add: (inout Batch<Once>) -> Reading<Void>
        var fault: Fault?
        var isDone = false
        var waiter: UnsafeContinuation<Void, Never>?

        init(_ statementCount: Int, _ locks: [ExecutionID], _ add: @escaping (inout Batch<Once>) -> Reading<Void>) {
            self.statementCount = statementCount
            self.locks = locks
            self.add = add
        }

        func finish(_ fault: Fault?) {
            self.fault = fault
            isDone = true
            unsafe waiter.take()?.resume()
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

    /// Writes, together with others of the same tenant.
    /// - Parameters:
    ///   - statementCount: at least as many as `add` adds.
    ///   - locks: whose rows of the queue it changes. What goes together locks all of them first, in one order.
    ///   - add: adds the statements, and gives what reads their results. It may be called twice.
    func write<Value>(
        for tenant: TenantID, _ statementCount: Int, locks: [ExecutionID] = [],
        _ add: @escaping (inout Batch<Once>) -> Reading<Value>
    ) async throws(Fault) -> Value {
        let answer = Answer<Value>()
        let entry = Entry(statementCount, locks) { batch in
            let read = add(&batch)
            return { results throws(Fault) in answer.value = try read(results) }
        }
        submit(entry, for: tenant)
        if !entry.isDone {
            unsafe await withUnsafeContinuation { continuation in unsafe entry.waiter = continuation }
        }
        if let fault = entry.fault { throw fault }
        guard let value = answer.value else { preconditionFailure("a write that did not fail was read") }
        return value
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
        if entries.count > 1 {
            let locks = Set(entries.flatMap(\.locks))
            if !locks.isEmpty { batch.add(RunStatements.lockAll, Array(locks)) }
        }
        let readings = entries.map { $0.add(&batch) }
        let results: BatchResults
        do throws(Fault) {
            results = try await batch.run()
        } catch {
            // What is away is away for all; anything else is the fault of one.
            guard entries.count > 1, error.code != .unavailable, error.code != .overloaded else {
                for entry in entries { entry.finish(error) }
                return
            }
            for entry in entries { await send([entry], for: tenant) }
            return
        }
        events.raise()
        for (entry, read) in zip(entries, readings) {
            do throws(Fault) {
                try read(results)
                entry.finish(nil)
            } catch {
                entry.finish(error)
            }
        }
    }
}
