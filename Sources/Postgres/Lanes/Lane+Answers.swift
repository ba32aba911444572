// The receiving half of a lane: what libpq has parsed is matched, in order, with the Syncs that wait for it.
// In pipeline mode each statement gives its result and then a null; each Sync gives one result of its own (libpq, section 34.5).

import Base
import CPostgres
import Loop

extension Lane: EventHandler, PassHandler {
    /// The socket has bytes, or room, or ended.
    public func handle(_ events: EventSet) {
        guard unsafe connection != nil else { return }
        if unsafe events.isDisjoint(with: [.readable, .hangUp, .failed]) || PQconsumeInput(connection) == 1 {
            drain()
            if unsafe connection != nil { flush() }
        } else {
            // What arrived before the end still counts: those transactions are committed.
            let cause = unsafe String(cString: PQerrorMessage(connection))
            drain()
            disconnect(cause)
        }
    }

    /// A failure that was met in the middle of a call is acted on when nobody is in the middle of one.
    public func passEnded() {
        guard let cause = breakCause else { return }
        breakCause = nil
        disconnect(cause)
    }

    /// Lets no more calls in and disconnects at the end of the pass.
    func breakLater(_ cause: String) {
        guard breakCause == nil, unsafe connection != nil else { return }
        breakCause = cause
        isReady = false
        failure = .databaseUnavailable(cause)
        loop.atEndOfPass(self)
    }

    /// Hands the kernel what it has room for, and watches for room when it has none.
    func flush() {
        let state = unsafe PQflush(connection)
        if state < 0 {
            breakLater(unsafe String(cString: PQerrorMessage(connection)))
        } else if (state == 1) != wantsWrite, let registration {
            wantsWrite = state == 1
            loop.modify(unsafe PQsocket(connection), registration, for: wantsWrite ? [.readable, .writable] : .readable)
        }
    }

    private func drain() {
        while !inFlight.isEmpty, unsafe connection != nil, unsafe PQisBusy(connection) == 0 {
            guard let result = unsafe PQgetResult(connection) else {
                guard headAnswered else { return disconnect("the server's answers are out of step") }
                headAnswered = false
                headIndex += 1
                continue
            }
            switch unsafe PQresultStatus(result) {
            case PGRES_PIPELINE_SYNC:
                unsafe PQclear(result)
                endSync()
            case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
                headAnswered = true
                unsafe keep(result)
            case PGRES_PIPELINE_ABORTED:
                headAnswered = true
                unsafe PQclear(result)
            default:
                if unsafe ResultMemory.endsConnection(result) {
                    let cause = unsafe Fault(failed: unsafe result, statement: name).cause ?? name
                    unsafe PQclear(result)
                    return disconnect(cause)
                }
                headAnswered = true
                unsafe keepFailure(result)
            }
        }
    }

    private func keep(_ result: OpaquePointer) {
        if headFailedAt >= 0 { return unsafe PQclear(result) }
        let collected = inFlight.withFirst { entry -> Bool in
            guard let results = entry.results, headIndex >= entry.prologue else { return false }
            unsafe results.append(result)
            return true
        }
        if collected == true { return }
        unsafe PQclear(headResult)
        unsafe headResult = unsafe result
    }

    private func keepFailure(_ result: OpaquePointer) {
        if headFailedAt >= 0 { return unsafe PQclear(result) }
        unsafe PQclear(headResult)
        unsafe headResult = unsafe result
        headFailedAt = headIndex
    }

    /// The Sync at the head is answered: its waiter goes on.
    private func endSync() {
        guard let entry = inFlight.removeFirst() else { return }
        lastProgress = loop.now
        inFlightBytes -= entry.bytes
        counters.countAnswered(failed: headFailedAt >= 0)
        if headFailedAt >= 0 {
            // Preparations come first in a Sync: those from the failed one on did not happen.
            for at in headFailedAt..<max(headFailedAt, entry.preparing.count) {
                prepared[entry.preparing[at].number] = false
            }
        }
        let outcome = unsafe Outcome(
            result: headResult, isLost: false, failedAt: headFailedAt, prologue: entry.prologue)
        unsafe headResult = nil
        headFailedAt = -1
        headIndex = 0
        headAnswered = false
        if let waiter = unsafe entry.waiter {
            unsafe waiter.resume(returning: outcome)
        } else {
            unsafe PQclear(outcome.result)
        }
    }

    /// Gives the connection up: all in flight is told that it is lost, and the lane's task connects again.
    func disconnect(_ cause: String) {
        guard let old = unsafe connection else { return }
        isReady = false
        failure = .databaseUnavailable("\(name): \(cause)")
        if !isStopped { Log.write(.warning, "a database connection was lost", ["lane": .text(name), "cause": .text(cause)]) }
        if let registration { loop.unregister(unsafe PQsocket(old), registration) }
        registration = nil
        unsafe connection = nil
        unsafe PQfinish(old)
        wantsWrite = false
        breakCause = nil
        prepared.removeAll(keepingCapacity: true)
        unsafe PQclear(headResult)
        unsafe headResult = nil
        headFailedAt = -1
        headIndex = 0
        headAnswered = false
        inFlightBytes = 0
        while let entry = inFlight.removeFirst() {
            counters.countAnswered(failed: true)
            unsafe entry.waiter?.resume(returning: Outcome(result: nil, isLost: true, failedAt: -1, prologue: 0))
        }
        sleeper.wake()
    }
}
