// The queue, the journal and the executions as the statements treat them, without a database: every write is refused whose epoch is not
// that of its row, and every change of state asks the table. What breaks an invariant is a recorded word, not a crash.

import Base
import JSON

@testable import Execution

/// The store of a simulation. Whoever writes says under which epoch.
struct SimulatedQueue {
    /// A row of the queue.
    struct Row {
        var epoch = 0
        var node: Int?
        var leaseEnds = 0
        var readyAt = 0
        var crashes = 0
        var isCancelAsked = false
        var isPaused = false
        var waitsForSignal = false
        let definition: Int
    }

    /// A row of the history with its journal.
    struct History {
        var state = ExecutionState.queued
        var attempt = 0
        var cost = 0
        var signals = 0
        var ends = 0
        var steps: [Step]
    }

    struct Step {
        var entry: JournalEntry?
        let effect: Effect
        /// How often it was begun, and had its effect.
        var begun = 0
        var effects = 0
        /// Effects that must not be: by the holder of the lease after its success, or again by anybody where the effect is unsafe.
        var wrongEffects = 0
        var cost = 0
    }

    static let stepCount = 3
    static let limit = 4
    static let never = Int.max

    var now = 0
    var rows: [Int: Row] = [:]
    var histories: [History] = []
    private(set) var broken: [String] = []

    mutating func enqueue(definition: Int, effects: [Effect]) {
        rows[histories.count] = Row(readyAt: now, definition: definition)
        histories.append(History(steps: effects.map { Step(effect: $0) }))
    }

    private mutating func move(_ id: Int, to state: ExecutionState) {
        let from = histories[id].state
        if !from.successors.contains(state) { broken.append("\(id) went from \(from) to \(state)") }
        if state.isAtRest { histories[id].ends += 1 }
        histories[id].state = state
    }

    // MARK: The node's side

    /// Takes what is ready, within the bound of each definition.
    mutating func claim(by node: Int, atMost count: Int) -> [(id: Int, epoch: Int)] {
        var running = [Int: Int]()
        for row in rows.values where row.node != nil { running[row.definition, default: 0] += 1 }
        var taken: [(id: Int, epoch: Int)] = []
        let ready = rows.filter { $0.value.node == nil && !$0.value.isPaused && $0.value.readyAt <= now }
        for (id, row) in ready.sorted(by: { ($0.value.readyAt, $0.key) < ($1.value.readyAt, $1.key) }) {
            guard taken.count < count else { break }
            guard running[row.definition, default: 0] < SimulatedQueue.limit else { continue }
            running[row.definition, default: 0] += 1
            rows[id]?.node = node
            rows[id]?.epoch += 1
            rows[id]?.leaseEnds = now + Lease.standard.milliseconds
            rows[id]?.waitsForSignal = false
            taken.append((id, row.epoch + 1))
        }
        return taken
    }

    func holds(_ id: Int, _ epoch: Int) -> Bool { rows[id]?.epoch == epoch }

    mutating func renew(_ id: Int, _ epoch: Int) -> Bool {
        guard holds(id, epoch) else { return false }
        rows[id]?.leaseEnds = now + Lease.standard.milliseconds
        return true
    }

    mutating func begin(_ id: Int, _ epoch: Int) -> Bool {
        guard holds(id, epoch), histories[id].state.successors.contains(.running) else { return false }
        move(id, to: .running)
        histories[id].attempt = max(1, histories[id].attempt)
        return true
    }

    mutating func beginStep(_ id: Int, _ epoch: Int, _ step: Int) -> Bool {
        guard holds(id, epoch), histories[id].steps[step].entry?.status != .succeeded else { return false }
        histories[id].steps[step].begun += 1
        histories[id].steps[step].entry = JournalEntry(
            status: .started, effect: histories[id].steps[step].effect, inputHash: [1], output: nil)
        return true
    }

    /// The world outside: no fence holds it back. A node that froze after it had written `started` acts when it wakes, perhaps after
    /// another's success; that is harmless for what is pure or idempotent, and an unsafe step is not begun a second time.
    mutating func act(_ id: Int, _ epoch: Int, _ step: Int) {
        histories[id].steps[step].effects += 1
        let isSucceeded = histories[id].steps[step].entry?.status == .succeeded
        let isUnsafe = histories[id].steps[step].effect == .unsafe
        if isSucceeded && (isUnsafe || holds(id, epoch)) { histories[id].steps[step].wrongEffects += 1 }
        if isUnsafe && histories[id].steps[step].effects > histories[id].steps[step].begun {
            histories[id].steps[step].wrongEffects += 1
        }
    }

    mutating func finishStep(_ id: Int, _ epoch: Int, _ step: Int, succeeded: Bool, cost: Int) -> Bool {
        guard holds(id, epoch) else { return false }
        guard histories[id].steps[step].entry?.status == .started else { return true }
        histories[id].steps[step].entry = JournalEntry(
            status: succeeded ? .succeeded : .failed, effect: histories[id].steps[step].effect, inputHash: [1], output: .null)
        histories[id].steps[step].cost += cost
        histories[id].cost += cost
        return true
    }

    mutating func suspend(_ id: Int, _ epoch: Int, until moment: Int, forSignal: Bool) -> Bool {
        guard holds(id, epoch), rows[id]?.isCancelAsked == false else { return false }
        let isThere = forSignal && histories[id].signals > 0
        release(id)
        rows[id]?.readyAt = isThere ? now : moment
        rows[id]?.waitsForSignal = forSignal && !isThere
        let isPaused = rows[id]?.isPaused == true
        move(id, to: isPaused ? .paused : isThere ? .queued : .waiting)
        return true
    }

    mutating func retry(_ id: Int, _ epoch: Int, after delay: Int) -> Bool {
        guard holds(id, epoch), rows[id]?.isCancelAsked == false else { return false }
        release(id)
        rows[id]?.readyAt = now + delay
        histories[id].attempt += 1
        move(id, to: rows[id]?.isPaused == true ? .paused : .retryWait)
        return true
    }

    mutating func end(_ id: Int, _ epoch: Int, as wanted: ExecutionState) -> Bool {
        guard holds(id, epoch), let state = histories[id].state.ending(as: wanted) else { return false }
        rows[id] = nil
        move(id, to: state)
        return true
    }

    private mutating func release(_ id: Int) {
        rows[id]?.node = nil
        rows[id]?.epoch += 1
    }

    // MARK: Everybody's side

    mutating func reap() {
        for (id, row) in rows where row.node != nil && row.leaseEnds < now {
            release(id)
            rows[id]?.crashes += 1
            rows[id]?.readyAt = now
        }
    }

    mutating func cancel(_ id: Int) {
        guard let row = rows[id], !row.isCancelAsked else { return }
        if row.node == nil, histories[id].state != .cancelling {
            rows[id] = nil
            move(id, to: .cancelled)
        } else {
            rows[id]?.isCancelAsked = true
            rows[id]?.isPaused = false
            if histories[id].state != .cancelling { move(id, to: .cancelling) }
        }
    }

    mutating func signal(_ id: Int) {
        guard let row = rows[id] else { return }
        histories[id].signals += 1
        guard row.node == nil, row.waitsForSignal else { return }
        rows[id]?.readyAt = now
        rows[id]?.waitsForSignal = false
        if histories[id].state == .waiting { move(id, to: .queued) }
    }

    mutating func pause(_ id: Int) {
        guard let row = rows[id], !row.isPaused, !row.isCancelAsked else { return }
        rows[id]?.isPaused = true
        if row.node == nil { move(id, to: .paused) }
    }

    mutating func resume(_ id: Int) {
        guard let row = rows[id], row.isPaused, !row.isCancelAsked else { return }
        rows[id]?.isPaused = false
        if histories[id].state == .paused { move(id, to: row.readyAt <= now ? .queued : .waiting) }
    }

    // MARK: Invariants

    mutating func check() {
        var running = [Int: Int]()
        for row in rows.values where row.node != nil { running[row.definition, default: 0] += 1 }
        if running.values.contains(where: { $0 > SimulatedQueue.limit }) { broken.append("more run than may: \(running)") }
        for (id, history) in histories.enumerated() {
            if history.state.isAtRest != (rows[id] == nil) {
                broken.append("\(id) is \(history.state) and \(rows[id] == nil ? "not " : "")queued")
            }
            if history.ends > 1 { broken.append("\(id) ended \(history.ends) times") }
            if history.cost != history.steps.reduce(0, { $0 + $1.cost }) { broken.append("the costs of \(id) do not add up") }
            for step in history.steps where step.wrongEffects > 0 {
                broken.append("a step of \(id) ran again though it must not")
            }
        }
    }
}
