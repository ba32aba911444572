// What a node does with a schedule that it looks at: which fires run, which wait, which are left out and why, and when the next one is planned. Pure:
// what is known goes in, with the database's clock; what is to be written comes out. Every planned time is accounted for once.
// Bounds: a fire is late after `punctualSeconds`; `MissedPolicy.most` late ones are made up for.

import Base

/// One fire, by when it was planned and, where an event made it, by that event.
struct PlannedFire: Sendable, Hashable {
    let planned: Timestamp
    /// The number of the event; 0 for the clock's.
    var event = 0
}

/// What is known of a schedule when it is looked at.
struct ScheduleLook: Sendable {
    let trigger: ScheduleTrigger
    let missed: MissedPolicy
    let overlap: OverlapPolicy
    let anchor: Timestamp
    /// The planned time that comes next, which may have passed.
    let next: Timestamp?
    /// The fire that waits for a run to end.
    let buffered: PlannedFire?
    /// Whether the run of an earlier fire is under way.
    let isRunning: Bool
    /// Whether the definition may be run.
    let isReady: Bool
    /// By the database's clock.
    let now: Timestamp
    /// What events made, in their order.
    var arrived: [PlannedFire] = []
}

/// What is to be written.
struct ScheduleDecision: Sendable, Equatable {
    /// Why a fire was left out.
    enum Reason: String, Sendable, CaseIterable {
        case missed, overlap
        case notReady = "not_ready"
    }

    enum Outcome: Sendable, Equatable {
        case started, buffered
        case skipped(Reason)
    }

    /// What became of a fire.
    struct Record: Sendable, Equatable {
        let fire: PlannedFire
        let outcome: Outcome
        /// It stands for all that were planned before this, too.
        var until: Timestamp?
    }

    private(set) var records: [Record] = []
    /// What becomes of the fire that waited; `nil` when it goes on waiting, or none did.
    private(set) var ofBuffered: Outcome?
    /// Whether the run that is under way has to be cancelled.
    private(set) var cancelsRunning = false
    /// When the next fire is planned.
    private(set) var next: Timestamp?
    /// Whether a fire waits for a run to end.
    private(set) var isBuffering = false

    /// Later than this a fire is late.
    static let punctualSeconds = 60

    init(_ look: ScheduleLook) {
        next = look.next.flatMap { $0 <= look.now ? look.trigger.next(after: look.now, anchor: look.anchor) : $0 }
        let fires = takeDue(look) + look.arrived
        guard look.isReady else {
            if look.buffered != nil { ofBuffered = .skipped(.notReady) }
            records += fires.map { Record(fire: $0, outcome: .skipped(.notReady)) }
            return
        }
        var isRunning = look.isRunning
        if look.buffered != nil, !isRunning {
            ofBuffered = .started
            isRunning = true
        }
        isBuffering = look.buffered != nil && ofBuffered == nil
        for (index, fire) in fires.enumerated() {
            let outcome = settle(look.overlap, isRunning, isLast: index == fires.count - 1)
            if outcome == .started { isRunning = true }
            if outcome == .buffered { isBuffering = true }
            records.append(Record(fire: fire, outcome: outcome))
        }
    }

    /// What becomes of a fire, given whether something runs.
    private mutating func settle(_ overlap: OverlapPolicy, _ isRunning: Bool, isLast: Bool) -> Outcome {
        switch overlap {
        case .allow: return .started
        case .skip: return isRunning ? .skipped(.overlap) : .started
        case .bufferOne:
            guard isRunning else { return .started }
            return isBuffering ? .skipped(.overlap) : .buffered
        case .cancel:
            // Of several that come at once the last one would cancel the others.
            guard isLast, !(ofBuffered == .started) else { return .skipped(.overlap) }
            if isRunning { cancelsRunning = true }
            return .started
        }
    }

    /// The planned times up to now that are to be seen to. What is left out for being late is noted as one stretch.
    private mutating func takeDue(_ look: ScheduleLook) -> [PlannedFire] {
        guard let first = look.next, first <= look.now else { return [] }
        let late = Timestamp(microseconds: look.now.microseconds - Int64(ScheduleDecision.punctualSeconds) * 1_000_000)
        let punctual = times(look, from: first, notBefore: late, upTo: look.now)
        guard first < late else { return punctual.map { PlannedFire(planned: $0) } }
        var caughtUp: [Timestamp] = []
        switch look.missed.kind {
        case .skip: break
        // The first one stands for all, unless a punctual one comes anyway.
        case .one: if punctual.isEmpty { caughtUp = [first] }
        case .all:
            let window = Timestamp(microseconds: look.now.microseconds - Int64(look.missed.windowSeconds) * 1_000_000)
            let before = Timestamp(microseconds: late.microseconds - 1)
            caughtUp = Array(times(look, from: first, notBefore: window, upTo: before).suffix(look.missed.most))
        }
        let end = punctual.first ?? next
        switch look.missed.kind {
        case .one where !caughtUp.isEmpty:
            if let second = look.trigger.next(after: first, anchor: look.anchor), second < late {
                records.append(Record(fire: PlannedFire(planned: second), outcome: .skipped(.missed), until: end))
            }
        default:
            if caughtUp.first != first {
                let until = caughtUp.first ?? end
                records.append(Record(fire: PlannedFire(planned: first), outcome: .skipped(.missed), until: until))
            }
        }
        return (caughtUp + punctual).map { PlannedFire(planned: $0) }
    }

    /// The planned times from `first` on that lie in a stretch, of which `first` is one.
    private func times(
        _ look: ScheduleLook, from first: Timestamp, notBefore earliest: Timestamp, upTo last: Timestamp
    ) -> [Timestamp] {
        var times: [Timestamp] = []
        var time: Timestamp? =
            first >= earliest
            ? first : look.trigger.next(after: Timestamp(microseconds: earliest.microseconds - 1), anchor: look.anchor)
        while let planned = time, planned <= last {
            times.append(planned)
            time = look.trigger.next(after: planned, anchor: look.anchor)
        }
        return times
    }
}
