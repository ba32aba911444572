// A report on the executions of a tenant as the tool `insights` gives it. Everything in it was counted; where nothing was, there is null.

import Base
import JSON

/// What the executions of a time came to.
struct InsightsReport: Sendable {
    let from: Timestamp
    let to: Timestamp
    let value: JSONValue

    /// Whether all executions of the time were looked at.
    var isComplete: Bool { integer("total") <= InsightStatement.rowLimit }

    private func integer(_ name: String) -> Int { value[name]?.int ?? 0 }

    /// What of those that are over succeeded; `nil` when none is.
    var successRate: Double? {
        let states = value["by_state"]
        let over = ["succeeded", "failed", "timed_out", "indeterminate"].reduce(0) { $0 + (states?[$1]?.int ?? 0) }
        return over == 0 ? nil : Double(states?["succeeded"]?.int ?? 0) / Double(over)
    }

    static let output = Output<InsightsReport>(
        "InsightsReport", "What the executions of a time came to.",
        [
            .field("from", "The beginning of the time; an execution belongs to when it was made, a child to its parent's time.") {
                $0.from
            },
            .field("to", "Its end.") { $0.to },
            .field("total", "How many executions were made, but for the one that asks.") { $0.integer("total") },
            .field("is_complete", "Whether all were looked at; otherwise the figures are of the newest.") { $0.isComplete },
            .field("by_state", "How many are in which state.") { $0.value["by_state"] ?? [:] },
            .field("success_rate", "What part of those that ended by themselves succeeded; null when none did.") {
                $0.successRate
            },
            .list("failures", "Why the others did not, by error code, most frequent first.", FailureGroup.output) {
                ($0.value["failures"]?.array ?? []).map { FailureGroup(value: $0) }
            },
            .object("duration", "How long those ran that succeeded, waits left out.", Quantiles.output) {
                Quantiles(value: $0.value["duration"])
            },
            .object("queue_time", "How long executions waited for a worker.", Quantiles.output) {
                Quantiles(value: $0.value["queue"])
            },
            .field("retried", "How many were tried more than once.") { $0.integer("retried") },
            .field("retries", "How many further attempts that took.") { $0.integer("retries") },
            .field("recovered", "How many of them then succeeded.") { $0.integer("recovered") },
            .field("tokens", "What models took.") { $0.integer("tokens") },
            .field("cost_microdollars", "What that cost.") { $0.integer("cost") },
            .list("definitions", "The same by definition, those that ran most often first.", DefinitionFigures.output) {
                ($0.value["definitions"]?.array ?? []).map { DefinitionFigures(value: $0) }
            },
        ])

    /// Executions that failed alike.
    struct FailureGroup: Sendable {
        let value: JSONValue

        static let output = Output<FailureGroup>(
            "FailureGroup", "Executions that failed with the same code.",
            [
                .field("code", "The code.") { $0.value["code"]?.string ?? "" },
                .field("count", "How many.") { $0.value["count"]?.int ?? 0 },
                .list("examples", "The newest of them.", Example.output) {
                    ($0.value["examples"]?.array ?? []).map { Example(value: $0) }
                },
            ])
    }

    /// An execution that failed.
    struct Example: Sendable {
        static let messageBytes = 300

        let value: JSONValue

        static let output = Output<Example>(
            "FailureExample", "An execution that failed.",
            [
                .field("execution_id", "The execution.") { $0.value["execution"]?.uuid.map { ExecutionID($0) } },
                .field("message", "What was said.") { $0.value["message"]?.string?.cut(bytes: messageBytes) },
                .field("finished_at", "When.") { $0.value["at"]?.int.map { Timestamp(microseconds: Int64($0)) } },
            ])
    }

    /// How long something took.
    struct Quantiles: Sendable {
        let value: JSONValue?

        static let output = Output<Quantiles>(
            "DurationQuantiles", "How long something took, in milliseconds.",
            [
                .field("count", "Of how many.") { $0.value?["count"]?.int ?? 0 },
                .field("p50", "Half took no longer.") { $0.value?["p50"]?.int },
                .field("p90", "Nine of ten.") { $0.value?["p90"]?.int },
                .field("p99", "Ninety-nine of a hundred.") { $0.value?["p99"]?.int },
                .field("max", "The longest.") { $0.value?["max"]?.int },
            ])
    }

    /// The figures of one definition.
    struct DefinitionFigures: Sendable {
        let value: JSONValue

        /// The id with the prefix of its kind.
        var id: String? {
            value["id"]?.uuid.flatMap { DefinitionReference(kind: value["kind"]?.string ?? "", uuid: $0) }?.name
        }

        static let output = Output<DefinitionFigures>(
            "DefinitionFigures", "What the executions of one definition came to.",
            [
                .field("id", "The definition.") { $0.id },
                .field("kind", "What it is.") { $0.value["kind"]?.string ?? "" },
                .field("name", "Its name.") { $0.value["name"]?.string ?? "" },
                .field("total", "How many executions.") { $0.value["total"]?.int ?? 0 },
                .field("succeeded", "How many succeeded.") { $0.value["succeeded"]?.int ?? 0 },
                .field("failed", "How many failed, ran out of time or are in doubt.") { $0.value["failed"]?.int ?? 0 },
                .field("p50", "Milliseconds that half of the successful ones took at most.") { $0.value["p50"]?.int },
                .field("p90", "Nine of ten.") { $0.value["p90"]?.int },
                .field("tokens", "What models took.") { $0.value["tokens"]?.int ?? 0 },
                .field("cost_microdollars", "What that cost.") { $0.value["cost"]?.int ?? 0 },
            ])
    }
}

extension JSONValue {
    /// A UUID in its hyphenated spelling.
    fileprivate var uuid: UUIDBits? { string.flatMap { UUIDBits(hyphenated: $0.utf8) } }
}
