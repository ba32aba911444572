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
    /// What came of the wait for which the step threw `StepFailure.suspended`; `nil` at the first call.
    public internal(set) var resumption: Resumption?
    /// Makes the children, under the fence of the run.
    var store: RunStore?
    /// What the run may still take.
    var budget: RunBudget?
    let spending = Spending()
    let log: RunLog

    init(tenant: TenantID, execution: ExecutionID, stepKey: String, deadline: Instant, log: RunLog) {
        self.tenant = tenant
        self.execution = execution
        self.stepKey = stepKey
        self.deadline = deadline
        self.log = log
    }

    /// Counts what the call has cost; it stands in the journal with the step, and in the sum of the execution.
    public func spend(tokens: Int = 0, microdollars: Int = 0) {
        spending.add(tokens: tokens, microdollars: microdollars)
    }

    /// Before something that costs.
    /// - Parameters:
    ///   - isCounted: whether all tokens that the call took so far are known.
    ///   - isPriced: whether what they cost is.
    /// - Throws: permanent when the run may take no more.
    func checkBudget(isCounted: Bool = true, isPriced: Bool = true) throws(StepFailure) {
        try budget?.checkSpending(now: .now, isCounted: isCounted, isPriced: isPriced)
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

/// What one call has cost so far. Touched on the loop of its run alone.
final class Spending: @unchecked Sendable {
    private(set) var tokens = 0
    private(set) var microdollars = 0
    /// What the children took for which the call waited. It counts for the run's bounds; in sums it stands with the children.
    var byChildren = Taken()

    /// All of it.
    var taken: Taken { Taken(tokens: tokens, microdollars: microdollars) + byChildren }

    func add(tokens: Int, microdollars: Int) {
        precondition(tokens >= 0 && microdollars >= 0, "nothing is earned back")
        self.tokens += tokens
        self.microdollars += microdollars
    }

    /// Between two reports of one call.
    static let reportMilliseconds = 250
    private var reported: (fraction: Double, at: Instant)?

    /// Whether a report is told: it goes forward, and the last one is a while ago.
    func mayReport(_ fraction: Double) -> Bool {
        if let reported {
            guard fraction > reported.fraction, reported.at.advanced(milliseconds: Spending.reportMilliseconds) <= .now else {
                return false
            }
        }
        reported = (fraction, .now)
        return true
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
