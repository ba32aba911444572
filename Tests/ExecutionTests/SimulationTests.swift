// A cluster in a seeded simulation: nodes that crash, freeze and lose answers, executions that are cancelled, paused, signalled and fail,
// over a clock that only moves when told. The pure parts decide as they do in the product; what must hold is checked on the way.
// INSULA_SIMULATION_STEPS and INSULA_SIMULATION_SEED run it for longer, or again.

import Base
import Foundation
import JSON
import Testing

@testable import Execution

/// Numbers that follow from a seed (SplitMix64).
struct SeededNumbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// What a node believes of a run of its own.
private struct SimulatedRun {
    let id: Int
    let epoch: Int
    var step = -1
    var isStepBegun = false
}

private struct SimulatedNode {
    var runs: [SimulatedRun] = []
    /// Until then it does nothing, and its clock of leases stands still too.
    var frozenUntil = 0
    var renewed = 0
}

private struct Simulation {
    static let nodeCount = 3
    static let attempts = 3
    var queue = SimulatedQueue()
    var nodes = Array(repeating: SimulatedNode(), count: nodeCount)
    var random: SeededNumbers
    /// Nothing breaks any more: what is left has to come to its end.
    var isCalm = false

    init(seed: UInt64) {
        random = SeededNumbers(state: seed)
    }

    private mutating func happens(_ percent: Int) -> Bool { !isCalm && Int.random(in: 0..<100, using: &random) < percent }

    mutating func step() {
        queue.now += Int.random(in: 1...400, using: &random)
        if !isCalm { disturb() }
        queue.reap()
        let at = Int.random(in: 0..<Simulation.nodeCount, using: &random)
        guard nodes[at].frozenUntil <= queue.now else { return }
        keepLeases(at)
        if nodes[at].runs.count < 6 {
            let claims = queue.claim(by: at, atMost: 3)
            // An answer that is lost leaves leases that nobody works for.
            if !happens(3) { nodes[at].runs += claims.map { SimulatedRun(id: $0.id, epoch: $0.epoch) } }
        }
        guard !nodes[at].runs.isEmpty else { return }
        let position = Int.random(in: 0..<nodes[at].runs.count, using: &random)
        var run = nodes[at].runs.remove(at: position)
        if advance(&run) { nodes[at].runs.append(run) }
    }

    private mutating func disturb() {
        let count = queue.histories.count
        if count < 40 || happens(10) && queue.rows.count < 60 {
            let effects = (0..<SimulatedQueue.stepCount).map { _ in Effect.allCases.randomElement(using: &random) ?? .pure }
            queue.enqueue(definition: Int.random(in: 0..<3, using: &random), effects: effects)
        }
        guard let id = queue.rows.keys.sorted().randomElement(using: &random) else { return }
        if happens(1) { queue.cancel(id) }
        if happens(3) { queue.pause(id) }
        if happens(6) { queue.resume(id) }
        if happens(6) { queue.signal(id) }
        let at = Int.random(in: 0..<Simulation.nodeCount, using: &random)
        if happens(1) { nodes[at] = SimulatedNode(renewed: queue.now) }
        if happens(1) { nodes[at].frozenUntil = queue.now + Int.random(in: 100...60_000, using: &random) }
    }

    /// Renews, or gives up what could not be renewed in time.
    private mutating func keepLeases(_ at: Int) {
        let epoch = Instant(nanoseconds: UInt64(nodes[at].renewed) * 1_000_000)
        let now = Instant(nanoseconds: UInt64(queue.now) * 1_000_000)
        if Lease.standard.isEndangered(renewed: epoch, now: now), !happens(50) { nodes[at].runs = [] }
        guard !happens(20) else { return }
        let runs = nodes[at].runs
        nodes[at].runs = runs.filter { queue.renew($0.id, $0.epoch) || happens(30) }
        nodes[at].renewed = queue.now
    }

    /// One act of a run.
    /// - Returns: whether it goes on.
    private mutating func advance(_ run: inout SimulatedRun) -> Bool {
        if run.step < 0 {
            if queue.rows[run.id]?.crashes ?? 0 >= Lease.crashLimit, queue.holds(run.id, run.epoch) {
                return !(queue.end(run.id, run.epoch, as: .failed) || queue.end(run.id, run.epoch, as: .cancelled))
            }
            guard queue.begin(run.id, run.epoch) else {
                _ = queue.end(run.id, run.epoch, as: .cancelled)
                return false
            }
            run.step = 0
            return true
        }
        if queue.holds(run.id, run.epoch), queue.rows[run.id]?.isCancelAsked == true {
            _ = queue.end(run.id, run.epoch, as: .cancelled)
            return false
        }
        guard run.step < SimulatedQueue.stepCount else {
            _ = queue.end(run.id, run.epoch, as: .succeeded)
            return false
        }
        return run.isStepBegun ? finish(&run) : begin(&run)
    }

    private mutating func begin(_ run: inout SimulatedRun) -> Bool {
        guard queue.holds(run.id, run.epoch) else { return false }
        switch JournalDecision(queue.histories[run.id].steps[run.step].entry, inputHash: [1]) {
        case .answer:
            run.step += 1
            return true
        case .indeterminate:
            _ = queue.end(run.id, run.epoch, as: .indeterminate)
            return false
        case .nondeterministic, .resume: preconditionFailure("the simulation has neither")
        case .act:
            if happens(8) {
                let hasSignal = Bool.random(using: &random)
                let until = hasSignal ? queue.now + 100_000 : queue.now + 2_000
                _ = queue.suspend(run.id, run.epoch, until: until, forSignal: hasSignal)
                return !letsGo(run)
            }
            run.isStepBegun = queue.beginStep(run.id, run.epoch, run.step)
            return run.isStepBegun
        }
    }

    /// The effect, and the word of it.
    private mutating func finish(_ run: inout SimulatedRun) -> Bool {
        queue.act(run.id, run.epoch, run.step)
        let fails = happens(10)
        let written = queue.finishStep(run.id, run.epoch, run.step, succeeded: !fails, cost: 3)
        // An answer that is lost is asked for again: the second word is the first.
        if happens(10) { _ = queue.finishStep(run.id, run.epoch, run.step, succeeded: !fails, cost: 3) }
        guard written else { return false }
        run.isStepBegun = false
        guard fails else {
            run.step += 1
            return true
        }
        let failure = StepFailure(Fault(happens(50) ? .unavailable : .invalid, "no"))
        switch RetryPolicy.decide(
            failure, attempt: queue.histories[run.id].attempt, maxAttempts: Simulation.attempts, random: 0.5)
        {
        case .retry(let delay): _ = queue.retry(run.id, run.epoch, after: delay)
        case .fail: _ = queue.end(run.id, run.epoch, as: .failed)
        case .indeterminate: _ = queue.end(run.id, run.epoch, as: .indeterminate)
        }
        return !letsGo(run)
    }

    /// Whether the run is over; one that may not be put back since somebody wants it cancelled is ended so.
    private mutating func letsGo(_ run: SimulatedRun) -> Bool {
        if queue.holds(run.id, run.epoch) { _ = queue.end(run.id, run.epoch, as: .cancelled) }
        return true
    }

    /// Lets everything come to its end.
    mutating func settle() {
        isCalm = true
        for at in nodes.indices { nodes[at].frozenUntil = 0 }
        for id in queue.rows.keys.sorted() { queue.resume(id) }
        var left = 200_000
        while !queue.rows.isEmpty && left > 0 {
            step()
            left -= 1
        }
    }
}

@Suite struct SimulationTests {
    @Test func `whatever crashes, freezes or is lost, each execution ends once and no success runs again`() {
        let environment = ProcessInfo.processInfo.environment
        let steps = environment["INSULA_SIMULATION_STEPS"].flatMap { Int($0) } ?? 20_000
        let seed = environment["INSULA_SIMULATION_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0...UInt64.max)
        // Worlds of some thousand steps: what is to be checked of each grows with what ever ran in it.
        let world = 4_000
        for number in 0..<max(1, steps / world) {
            var simulation = Simulation(seed: seed &+ UInt64(number))
            for step in 0..<world {
                simulation.step()
                if step % 50 == 0 { simulation.queue.check() }
            }
            simulation.settle()
            simulation.queue.check()
            let words = "seed \(seed &+ UInt64(number))"
            #expect(simulation.queue.broken.isEmpty, "\(words): \(simulation.queue.broken.prefix(3))")
            #expect(simulation.queue.rows.isEmpty, "\(words): \(simulation.queue.rows.count) never ended")
            let ends = Dictionary(grouping: simulation.queue.histories, by: \.state).mapValues(\.count)
            #expect(ends[.succeeded] ?? 0 > 0 && simulation.queue.histories.count > 40, "\(words): \(ends)")
        }
    }
}
