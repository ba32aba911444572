// What a tool knows of the run that calls it: who it is, how much time is left, and where to write what happened.

import Base
import JSON

/// The surroundings of one call. Used by the task that makes the call.
public struct ToolContext {
    public let tenant: TenantID
    public let execution: ExecutionID
    /// The place of the call in the run.
    public let stepKey: String
    /// When the whole run is out of time.
    public let deadline: Instant
    /// The clock of the run.
    public internal(set) var clock = RunClock(showing: .now)
    private let log: RunLog

    init(tenant: TenantID, execution: ExecutionID, stepKey: String, deadline: Instant, log: RunLog) {
        self.tenant = tenant
        self.execution = execution
        self.stepKey = stepKey
        self.deadline = deadline
        self.log = log
    }

    /// The same for every repetition of this step, and for no other step.
    public var idempotencyKey: String { "\(execution):\(stepKey)" }

    /// The time that a call may take: what it asks for, or what is left of the run if that is less.
    public func milliseconds(atMost wanted: Int) -> Int {
        max(1, min(wanted, deadline.milliseconds(since: .now)))
    }

    /// Writes a line into the log of the execution. Never a secret.
    public func write(_ level: LogLevel, _ message: String, _ metadata: JSONObject = JSONObject()) {
        log.add(level, message, metadata)
    }
}

/// The clock of a run: the database's at its start, carried on by the monotonic one, so that a node with a wrong calendar tells the
/// right time.
public struct RunClock: Sendable {
    private let start: Timestamp
    private let started: Instant

    /// A clock that shows `start` now.
    public init(showing start: Timestamp) {
        self.start = start
        started = .now
    }

    public var now: Timestamp {
        Timestamp(microseconds: start.microseconds + Int64((Instant.now.nanoseconds - started.nanoseconds) / 1000))
    }
}
