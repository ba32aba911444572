// A schedule as its tenant sees it: which definition runs when, with what, and what becomes of fires that were missed or that overlap.

import Base
import JSON

/// Where a schedule stands.
public enum ScheduleState: String, Sendable, CaseIterable, JSONRepresentable {
    /// It fires.
    case active
    /// It does not fire for now.
    case paused
    /// It has nothing more to fire.
    case ended
}

/// When a definition runs by itself.
public struct Schedule: Sendable {
    public let id: ScheduleID
    public let name: String
    public let definition: DefinitionReference
    public let trigger: JSONRaw
    public let input: JSONRaw
    public let missed: JSONRaw
    public let overlap: OverlapPolicy
    public let state: ScheduleState
    /// When it fires next; `nil` when it is not active or waits for events.
    public let nextFireAt: Timestamp?
    public let lastFiredAt: Timestamp?
    public let lastExecution: ExecutionID?
    public let createdAt: Timestamp
    public let updatedAt: Timestamp
    /// How often it has been changed, from 1.
    public let revision: Int
}

/// What it takes to make a schedule.
public struct CreateSchedule: Sendable {
    public let name: String
    public let definition: DefinitionReference
    public let trigger: ScheduleTrigger
    public let input: JSONRaw
    public let missed: MissedPolicy
    public let overlap: OverlapPolicy

    public init(
        name: String, definition: DefinitionReference, trigger: ScheduleTrigger, input: JSONRaw = .emptyObject,
        policies: (missed: MissedPolicy, overlap: OverlapPolicy) = (.skip, .skip)
    ) {
        self.name = name
        self.definition = definition
        self.trigger = trigger
        self.input = input
        missed = policies.missed
        overlap = policies.overlap
    }
}

/// What changes of a schedule; what is `nil` stays.
public struct UpdateSchedule: Sendable {
    public let name: String?
    /// A new one is planned anew from now.
    public let trigger: ScheduleTrigger?
    public let input: JSONRaw?
    public let missed: MissedPolicy?
    public let overlap: OverlapPolicy?

    public init(
        name: String? = nil, trigger: ScheduleTrigger? = nil, input: JSONRaw? = nil, missed: MissedPolicy? = nil,
        overlap: OverlapPolicy? = nil
    ) {
        self.name = name
        self.trigger = trigger
        self.input = input
        self.missed = missed
        self.overlap = overlap
    }
}

/// What became of one fire.
public struct ScheduleFire: Sendable {
    public enum Outcome: String, Sendable, CaseIterable, JSONRepresentable {
        case started, buffered, skipped
    }

    /// Why it was left out.
    public enum Reason: String, Sendable, CaseIterable, JSONRepresentable {
        case missed, overlap
        case notReady = "not_ready"
    }

    public let plannedAt: Timestamp
    /// The number of the event that made it.
    public let event: Int?
    public let outcome: Outcome
    public let reason: Reason?
    /// It stands for all that were planned before this, too.
    public let until: Timestamp?
    public let execution: ExecutionID?
    public let firedAt: Timestamp
}
