// The pure tables and sums: states, leases, waits, retries, the journal's decisions.

import Base
import JSON
import Testing

@testable import Execution

@Suite struct StateTests {
    private let lease = Lease.standard

    @Test func `a terminal state is followed by nothing, and every other one can end`() {
        for state in ExecutionState.allCases {
            #expect(state.isTerminal == state.successors.isEmpty)
            var reached: Set<ExecutionState> = [state]
            var edge: Set<ExecutionState> = [state]
            while !edge.isEmpty {
                edge = Set(edge.flatMap { $0.successors }).subtracting(reached)
                reached.formUnion(edge)
            }
            #expect(reached.contains { $0.isTerminal }, "\(state) must be able to end")
        }
        let terminal: Set<ExecutionState> = [.succeeded, .failed, .timedOut, .cancelled]
        #expect(Set(ExecutionState.allCases.filter(\.isTerminal)) == terminal)
        #expect(Set(ExecutionState.allCases.filter(\.isAtRest)) == terminal.union([.indeterminate]))
    }

    @Test func `predecessors are the other side of successors`() {
        for state in ExecutionState.allCases {
            for other in ExecutionState.allCases {
                #expect(ExecutionState.predecessors(of: state).contains(other) == other.successors.contains(state))
            }
        }
    }

    @Test func `whoever asked for a cancel first gets one, unless the outcome is unknown`() {
        #expect(ExecutionState.cancelling.ending(as: .succeeded) == .cancelled)
        #expect(ExecutionState.cancelling.ending(as: .failed) == .cancelled)
        #expect(ExecutionState.cancelling.ending(as: .timedOut) == .cancelled)
        #expect(ExecutionState.cancelling.ending(as: .indeterminate) == .indeterminate)
        #expect(ExecutionState.running.ending(as: .succeeded) == .succeeded)
        #expect(ExecutionState.succeeded.ending(as: .failed) == nil)
        #expect(ExecutionState.cancelled.ending(as: .succeeded) == nil)
    }

    @Test func `an agent goes from created to running and paused and ends stopped`() {
        #expect(AgentState.predecessors(of: .running) == [.created, .paused])
        #expect(AgentState.predecessors(of: .paused) == [.running])
        #expect(AgentState.predecessors(of: .stopped) == [.created, .running, .paused])
        #expect(AgentState.predecessors(of: .created).isEmpty)
    }

    @Test func `a node gives its work up before another may take it`() {
        let renewed = Instant(nanoseconds: 1_000_000_000)
        #expect(!lease.isEndangered(renewed: renewed, now: renewed.advanced(milliseconds: 2 * lease.renewalMilliseconds)))
        #expect(lease.isEndangered(renewed: renewed, now: renewed.advanced(milliseconds: lease.abandonMilliseconds)))
        #expect(
            lease.abandonMilliseconds + lease.pollMilliseconds * 11 / 10 + Run.abandonMilliseconds <= lease.milliseconds + 1_000)
        #expect(2 * lease.renewalMilliseconds * 11 / 10 < lease.abandonMilliseconds)
    }

    @Test func `a dead node's work is taken over within twenty seconds`() {
        #expect(lease.milliseconds + lease.reapMilliseconds * 11 / 10 + lease.pollMilliseconds * 11 / 10 < 20_000)
    }

    @Test func `jitter stays within a tenth around the period`() {
        for step in 0..<100 {
            let value = Lease.jittered(1_000, random: Double(step) / 100)
            #expect((900..<1_100).contains(value))
        }
        #expect(Lease.jittered(1_000, random: 0) < Lease.jittered(1_000, random: 0.99))
    }
}

@Suite struct RetryTests {
    @Test func `waits double up to their bound, half of each by chance`() {
        #expect(Backoff.milliseconds(afterAttempt: 1, random: 0) == 500)
        #expect(Backoff.milliseconds(afterAttempt: 2, random: 0) == 1_000)
        #expect(Backoff.milliseconds(afterAttempt: 4, random: 0) == 4_000)
        for attempt in [1, 2, 5, 9, 20, 1_000, Int.max] {
            for random in [0, 0.5, 0.999] {
                let wait = Backoff.milliseconds(afterAttempt: attempt, random: random)
                #expect((1...Backoff.mostMilliseconds).contains(wait))
            }
        }
    }

    @Test func `a server's wish to wait is heeded within the bound`() {
        #expect(Backoff.milliseconds(afterAttempt: 1, random: 0, leastMilliseconds: 7_000) == 7_000)
        #expect(Backoff.milliseconds(afterAttempt: 1, random: 0, leastMilliseconds: .max) == Backoff.mostMilliseconds)
    }

    @Test func `only what may go better is tried again, and only while attempts are left`() {
        func decide(_ code: Fault.Code, attempt: Int) -> RetryPolicy.Decision {
            RetryPolicy.decide(StepFailure(Fault(code, "no")), attempt: attempt, maxAttempts: 3, random: 0)
        }
        #expect(decide(.unavailable, attempt: 1) == .retry(afterMilliseconds: 500))
        #expect(decide(.outboundFailed, attempt: 2) == .retry(afterMilliseconds: 1_000))
        #expect(decide(.timedOut, attempt: 3) == .fail)
        for code in [Fault.Code.invalid, .outboundRefused, .toolNotAvailable, .limitReached, .nondeterministicReplay] {
            #expect(decide(code, attempt: 1) == .fail)
        }
    }

    @Test func `a transient failure of what may not be repeated is an unknown outcome`() {
        let failure = StepFailure(Fault(.timedOut, "no"))
        #expect(failure.during(.unsafe).kind == .outcomeUnknown)
        #expect(failure.during(.idempotent).kind == .transient)
        #expect(StepFailure(Fault(.outboundUnreachable, "no")).during(.unsafe).kind == .transient, "nothing was sent")
        #expect(StepFailure(Fault(.invalid, "no")).during(.unsafe).kind == .permanent)
        #expect(RetryPolicy.decide(failure.during(.unsafe), attempt: 1, maxAttempts: 3, random: 0) == .indeterminate)
    }
}

@Suite struct JournalDecisionTests {
    private func entry(_ status: JournalEntry.Status, _ effect: Effect) -> JournalEntry {
        JournalEntry(status: status, effect: effect, inputHash: [1], output: JSONRaw(Array("7".utf8)))
    }

    @Test func `a step that succeeded is answered from the journal whatever its effect`() {
        for effect in Effect.allCases {
            #expect(JournalDecision(entry(.succeeded, effect), inputHash: [1]) == .answer(JSONRaw(Array("7".utf8))))
        }
    }

    @Test func `a step that began runs again only when that does no harm`() {
        #expect(JournalDecision(entry(.started, .pure), inputHash: [1]) == .act)
        #expect(JournalDecision(entry(.started, .idempotent), inputHash: [1]) == .act)
        #expect(JournalDecision(entry(.started, .unsafe), inputHash: [1]) == .indeterminate)
    }

    @Test func `a step that failed runs again, and one that is not known runs`() {
        for effect in Effect.allCases { #expect(JournalDecision(entry(.failed, effect), inputHash: [1]) == .act) }
        #expect(JournalDecision(nil, inputHash: [1]) == .act)
    }

    @Test func `another input than the first time is no replay, however far the step came`() {
        for status in JournalEntry.Status.allCases {
            for effect in Effect.allCases {
                #expect(JournalDecision(entry(status, effect), inputHash: [2]) == .nondeterministic)
            }
        }
    }
}

@Suite struct RunLogTests {
    @Test func `the log of a lease is bounded, and says that it is full`() {
        let log = RunLog(epoch: 3)
        for number in 1...2_000 { log.add(.info, "line \(number)") }
        let lines = log.take()
        #expect(lines.seqs.count == RunLog.lineLimit)
        #expect(lines.seqs.first == 3_000_001)
        #expect(lines.seqs.last == 3_000_000 + RunLog.lineLimit)
        #expect(lines.levels.last == "warn")
        #expect(log.take().isEmpty)
    }

    @Test func `long messages are cut between characters and what can't be stored is replaced`() {
        let log = RunLog(epoch: 1)
        log.add(.info, "x" + String(repeating: "é", count: RunLog.messageBytes))
        log.add(.info, "a\0b")
        let lines = log.take()
        #expect(lines.messages[0].utf8.count <= RunLog.messageBytes)
        #expect(!lines.messages[0].contains("\u{FFFD}"))
        #expect(lines.messages[1] == "a\u{FFFD}b")
    }

    @Test func `text is cut at every length without a broken character`() {
        let text = "aé漢😀z"
        for limit in 0...text.utf8.count {
            let cut = text.cut(bytes: limit)
            #expect(cut.utf8.count <= limit)
            #expect(text.hasPrefix(cut))
        }
        #expect(text.cut(bytes: 100) == text)
    }
}
