// The life of a lane: connect without blocking, prepare the statements, wait until the connection breaks, and begin again.
// It tries for ever, with the pauses of `Connector`.
// Bounds: a connection that owes an answer for longer than any statement may take is given up.

import Base
import CPostgres
import Loop

extension Lane {
    static let connectMilliseconds = Connector.attemptMilliseconds
    /// How long a start waits for a first attempt to end: it connects and prepares all statements, on a machine that may be busy.
    static let startMilliseconds = 30_000
    static let watchMilliseconds = 5_000
    /// A connection that lived that long is replaced at once; a shorter life counts as a failure.
    static let settledMilliseconds = 1_000

    /// Connects, and keeps connected until `stop`. From any thread.
    func start() {
        life = loop.spawn { await self.live() }
    }

    /// Ends the lane. What is in flight is told that it is lost. On the loop's thread.
    func stop() {
        isStopped = true
        disconnect("the server is stopping")
        failure = .databaseUnavailable("the server is stopping")
        sleeper.wake()
        settle()
    }

    /// Waits until the lane's task has ended, after `stop`.
    func ended() async {
        await life?.value
    }

    /// Waits until the lane is ready, or an attempt failed, or the time is over.
    func settled(withinMilliseconds limit: Int) async {
        let seen = attempts
        guard !isReady, !isStopped else { return }
        let waiter = Sleeper(loop: loop)
        settlementWaiters.append(waiter)
        let deadline = Instant.now.advanced(milliseconds: limit)
        while !isReady, attempts == seen, !isStopped, Instant.now < deadline { await waiter.wait(until: deadline) }
        settlementWaiters.removeAll { $0 === waiter }
    }

    private func settle() {
        for waiter in settlementWaiters { waiter.wake() }
    }

    private func live() async {
        var failures = 0
        while !isStopped {
            do throws(Fault) {
                try await connect()
                let begun = Instant.now
                attempts += 1
                settle()
                await watch()
                failures = Instant.now.milliseconds(since: begun) >= Lane.settledMilliseconds ? 0 : failures + 1
                // The first break is often a restart or a failover that is over by now: try at once.
                if failures == 1 { continue }
            } catch {
                failure = error
                failures += 1
                attempts += 1
                settle()
            }
            if failures > 0, !isStopped { await connector.pause(after: failures, sleeper: sleeper) { isStopped } }
        }
    }

    /// Returns when the connection is gone.
    private func watch() async {
        while unsafe connection != nil {
            await sleeper.wait(until: Instant.now.advanced(milliseconds: Lane.watchMilliseconds))
            let silence = loop.now.milliseconds(since: lastProgress)
            if !inFlight.isEmpty, silence > Limits.statementTimeoutMilliseconds + Lane.watchMilliseconds {
                disconnect("no answer for \(silence) ms")
            }
        }
    }

    // MARK: Connecting

    private func connect() async throws(Fault) {
        let new = unsafe try await connector.connect(sleeper: sleeper) { isStopped }
        unsafe PQenterPipelineMode(new)
        unsafe connection = unsafe new
        registration = loop.register(unsafe PQsocket(new), for: .readable, handler: self)
        generation += 1
        lastProgress = loop.now
        try await prepareEager()
        counters.countConnected()
        isReady = true
    }

    /// Prepares what the lane was given, in one Sync. A statement that the server refuses is remembered, not fatal: the others work.
    private func prepareEager() async throws(Fault) {
        var entry = InFlight()
        var sent = true
        let statements = Scope.identities + [Session.begin, Session.commit, Session.rollback] + eager
        for statement in statements {
            entry.preparing.append(statement)
            sent = sent && sendPrepare(statement, &entry)
        }
        try finish(entry, sent: sent)
        let outcome = await outcome()
        let reply = unsafe Reply(outcome.result)
        if reply.isLost { throw failure }
        if outcome.failedAt >= 0 {
            let statement = statements[outcome.failedAt]
            let fault = unsafe Fault(failed: reply.result, statement: statement.name)
            preparationFault = .misdeclared("the statement does not prepare: \(fault.cause ?? statement.name)")
        }
    }
}
