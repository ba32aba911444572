// One pipelined connection of a loop. The statements before a Sync are one implicit transaction; many Syncs are under way at once and
// their answers come in order. An error rolls its own Sync back and touches no other. When the connection breaks, all that is in
// flight is told so, calls fail at once, and the lane connects again for ever (`Lane+Connecting.swift`).
// Bounds: `Limits.laneQueue` Syncs and `Limits.laneQueueBytes` of parameters in flight; one more is refused as `.overloaded`.
// Used on its loop's own thread alone; only the counters are read from elsewhere.

import Base
import CPostgres
import Loop

/// A pipelined connection, and the queue of what it has yet to answer.
@safe public final class Lane: @unchecked Sendable {
    /// One Sync that has yet to be answered.
    @safe struct InFlight {
        var waiter: UnsafeContinuation<Outcome, Never>?
        /// Statements before the Sync, the prologue's included.
        var statements = 0
        /// How many of them nobody reads: preparations, BEGIN, the scope.
        var prologue = 0
        /// Those that are prepared on the way, in the order of their preparations, which come first of all.
        var preparing: [StatementIdentity] = []
        /// Where the results go when there is more than one.
        var results: BatchResults?
        var bytes = 0
    }

    /// How a Sync ended.
    @safe struct Outcome {
        /// The last result or the first that failed; nil when the connection broke, and for a batch that keeps its results by itself.
        let result: OpaquePointer?
        /// Whether the connection broke before the Sync was answered: whatever came before may not have been committed.
        let isLost: Bool
        /// The statement that failed, counted from the prologue's first; -1 when none did.
        let failedAt: Int
        let prologue: Int
    }

    /// What goes before the statements of a Sync.
    public enum Prologue {
        case none
        case scope(Scope)
        /// The beginning of a transaction of several Syncs.
        case begin(Scope)
    }

    let loop: EventLoop
    let name: String
    let connector: Connector
    /// What is prepared as soon as the connection stands; anything else at its first use.
    let eager: [StatementIdentity]
    let counters = LaneCounters()
    let sleeper: Sleeper

    /// The parameters of the Sync that is being written.
    @usableFromInline let parameters = ParameterBuffer()
    private let scopeParameters = ParameterBuffer()

    var life: Task<Void, Never>?
    var connection: OpaquePointer?
    var registration: EventLoop.Registration?
    /// Whether calls are let in.
    var isReady = false {
        didSet { counters.setReady(isReady) }
    }
    /// Why they are not.
    var failure = Fault.databaseUnavailable("the connection has not been made yet")
    var isStopped = false
    /// Counts connections, so that a session notices that its own is gone.
    var generation = 0
    var attempts = 0
    /// The first of the eager statements that the server refused.
    var preparationFault: Fault?
    var settlementWaiters: [Sleeper] = []
    var inFlight = Ring<InFlight>()
    var inFlightBytes = 0
    var prepared: [Bool] = []
    var lastProgress = Instant.now
    var wantsWrite = false
    var breakCause: String?

    // The Sync that is being answered.
    var headIndex = 0
    var headAnswered = false
    var headFailedAt = -1
    var headResult: OpaquePointer?

    init(
        loop: EventLoop, name: String, target: ConnectionTarget, startup: ConnectionTarget.Startup, pool: BlockingPool,
        eager: [StatementIdentity]
    ) {
        self.loop = loop
        self.name = name
        connector = Connector(name: name, target: target, startup: startup, loop: loop, pool: pool)
        self.eager = eager
        sleeper = Sleeper(loop: loop)
    }

    /// The lane's figures. From any thread.
    public var statistics: LaneStatistics { counters.read(name: name) }

    // MARK: Sending

    /// Sends one statement with what `parameters` holds, and its Sync. `reply` must follow without a suspension between.
    @usableFromInline func submit(_ statement: StatementIdentity, _ prologue: Prologue) throws(Fault) {
        try admit(bytes: parameters.count)
        var entry = unsafe InFlight(bytes: parameters.count)
        let sent =
            prepare(statement, &entry) && send(prologue, &entry)
            && send(statement, parameters, first: 0, count: parameters.valueCount, &entry)
        try finish(entry, sent: sent)
    }

    /// Sends the statements of a batch and their Sync. `reply` must follow without a suspension between.
    func submit(_ batch: BatchContent, _ prologue: Prologue, into results: BatchResults) throws(Fault) {
        try admit(bytes: batch.parameters.count)
        var entry = unsafe InFlight(results: results, bytes: batch.parameters.count)
        var sent = true
        for statement in batch.statements { sent = sent && prepare(statement, &entry) }
        sent = sent && send(prologue, &entry)
        var first = 0
        for statement in batch.statements {
            let count = statement.types.count
            sent = sent && send(statement, batch.parameters, first: first, count: count, &entry)
            first += count
        }
        try finish(entry, sent: sent)
    }

    /// Waits for the answer to what was just submitted.
    @usableFromInline func reply() async -> Reply {
        let outcome = unsafe await withUnsafeContinuation { continuation in
            _ = inFlight.withLast { unsafe $0.waiter = continuation }
        }
        return unsafe Reply(outcome.result)
    }

    /// Waits for the answer to the batch that was just submitted.
    func outcome() async -> Outcome {
        unsafe await withUnsafeContinuation { continuation in
            _ = inFlight.withLast { unsafe $0.waiter = continuation }
        }
    }

    private func admit(bytes: Int) throws(Fault) {
        guard isReady else { throw failure }
        guard inFlight.count < Limits.laneQueue, inFlightBytes + bytes <= Limits.laneQueueBytes else {
            throw Fault(
                .overloaded, "Too many requests wait for the database. Try again shortly.", retryAfterSeconds: 1,
                cause: "lane \(name) has \(inFlight.count) Syncs and \(inFlightBytes) bytes in flight")
        }
    }

    private func prepare(_ statement: StatementIdentity, _ entry: inout InFlight) -> Bool {
        if statement.number < prepared.count && prepared[statement.number] { return true }
        entry.preparing.append(statement)
        return sendPrepare(statement, &entry)
    }

    /// Sends the preparation of a statement; it counts as prepared from here on.
    func sendPrepare(_ statement: StatementIdentity, _ entry: inout InFlight) -> Bool {
        while prepared.count <= statement.number { prepared.append(false) }
        prepared[statement.number] = true
        entry.statements += 1
        entry.prologue += 1
        return unsafe PQsendPrepare(
            connection, statement.preparedName, statement.sql, Int32(statement.types.count), statement.types) == 1
    }

    private func send(_ prologue: Prologue, _ entry: inout InFlight) -> Bool {
        let scope: Scope
        switch prologue {
        case .none: return true
        case .scope(let wanted): scope = wanted
        case .begin(let wanted):
            scope = wanted
            scopeParameters.reset()
            entry.prologue += 1
            guard send(Session.begin, scopeParameters, first: 0, count: 0, &entry) else { return false }
        }
        guard let statement = scope.statement else { return true }
        scopeParameters.reset()
        scope.write(into: scopeParameters)
        entry.prologue += 1
        return send(statement, scopeParameters, first: 0, count: scopeParameters.valueCount, &entry)
    }

    private func send(
        _ statement: StatementIdentity, _ buffer: ParameterBuffer, first: Int, count: Int, _ entry: inout InFlight
    ) -> Bool {
        entry.statements += 1
        let values = unsafe buffer.locate(from: first, count: count)
        return unsafe PQsendQueryPrepared(
            connection, statement.preparedName, Int32(count), values, buffer.lengths + first, buffer.formats, 1) == 1
    }

    /// Ends the Sync that was written and queues its answer.
    func finish(_ entry: InFlight, sent: Bool) throws(Fault) {
        guard sent, unsafe PQpipelineSync(connection) == 1 else {
            breakLater(unsafe String(cString: PQerrorMessage(connection)))
            throw failure
        }
        if inFlight.isEmpty { lastProgress = loop.now }
        inFlight.append(entry)
        inFlightBytes += entry.bytes
        counters.countSent()
        flush()
    }
}
