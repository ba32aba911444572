// What every kind of definition but the agent is made of, whatever its body says.

import Base
import JSON

/// A definition as the store holds it.
struct DefinitionRecord<Kind: IdentifiedKind>: Sendable {
    let id: ID<Kind>
    let name: String
    let description: String
    let state: DefinitionState
    /// The number of the version, from 1.
    let version: Int
    let body: JSONRaw
    let lastExecution: ExecutionID?
    let status: RunStatus
    let createdAt: Timestamp
    let updatedAt: Timestamp
    /// How often it has changed, from 1.
    let revision: Int
}

/// Which definitions of a kind are wanted.
struct DefinitionFilter: Sendable {
    var state: DefinitionState?
    /// The `type` in the body.
    var type: String?
    var status: RunStatus?
}

/// What changes of a definition; what is `nil` stays.
struct DefinitionChange: Sendable {
    let name: String?
    let description: String?
}

/// How the runs of a definition went, computed from its latest ones.
public struct RunStatistics: Sendable {
    /// Over how many of the latest runs it is computed, at most.
    public static let most = 10_000

    public let total: Int
    public let live: Int
    public let succeeded: Int
    public let failed: Int
    public let timedOut: Int
    public let cancelled: Int
    public let indeterminate: Int
    /// From the first start to the end of those that succeeded; `nil` when none did.
    public let medianMilliseconds: Int?
    public let p95Milliseconds: Int?
    public let averageMilliseconds: Int?
    public let lastFinishedAt: Timestamp?

    /// Of those that came to an end of their own, how many succeeded, from 0 to 1; `nil` when none did.
    public var successRate: Double? {
        let ended = succeeded + failed + timedOut + indeterminate
        return ended == 0 ? nil : Double(succeeded) / Double(ended)
    }
}

extension RunStatistics {
    /// Statistics as they are answered.
    public static let output = Output<RunStatistics>(
        "RunStatistics", "How the latest 10000 runs went, at most.",
        [
            .field("total", "Runs.") { $0.total },
            .field("live", "Those that have not ended.") { $0.live },
            .field("succeeded", "Those that succeeded.") { $0.succeeded },
            .field("failed", "Those that failed.") { $0.failed },
            .field("timed_out", "Those whose time was over.") { $0.timedOut },
            .field("cancelled", "Those that were cancelled.") { $0.cancelled },
            .field("indeterminate", "Those of which nobody knows.") { $0.indeterminate },
            .field("success_rate", "Succeeded through all that ended without being cancelled; null before one did.") {
                $0.successRate
            },
            .field("p50_duration_ms", "Half of those that succeeded took no longer, from the first start to the end.") {
                $0.medianMilliseconds
            },
            .field("p95_duration_ms", "95 in 100 of those that succeeded took no longer.") { $0.p95Milliseconds },
            .field("average_duration_ms", "What those that succeeded took on average.") { $0.averageMilliseconds },
            .field("last_finished_at", "When the last one ended.") { $0.lastFinishedAt },
        ])
}

/// What a definition is run with.
public struct RunDefinition: Sendable {
    /// An object.
    public let input: JSONRaw

    public init(input: JSONRaw = .emptyObject) {
        self.input = input
    }

    public static let input = Input<RunDefinition>("RunDefinition", "What a run is given.") { fields in
        RunDefinition(
            input: fields.defaulted(
                "input", .runInput, .emptyObject, "The input of the run."))
    }
}
