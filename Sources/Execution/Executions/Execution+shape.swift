// Executions on the wire.

import Base
import JSON

extension Execution {
    /// An execution as it is answered.
    public static let output = Output<Execution>(
        "Execution", "One run of an agent or a task.",
        [
            .field("id", "Its id.") { $0.summary.id }
        ] + Output<Execution>.Field.definition { $0.summary.definition } + [
            .field("version", "The version of the definition that it runs.") { $0.summary.version },
            .field("agent_version", "The same for an agent; null for anything else.") { $0.summary.agentVersion },
            .field("state", "Where it stands.") { $0.summary.state },
            .field("attempt", "The attempt under way, waited for or last made, from 1; 0 before the first.") {
                $0.summary.attempt
            },
            .field("max_attempts", "Attempts that may fail before the execution does.") { $0.summary.maxAttempts },
            .field("timeout_seconds", "What it may take from its first start to its end.") { $0.summary.timeoutSeconds },
            .field("input", "What it was triggered with.") { $0.input },
            .field("output", "What it came to.") { $0.result },
            .field("error", "Why the last attempt failed.") { $0.error },
            .field("trigger", "Why it came to be.") { $0.summary.trigger },
            .field("priority", "0 to 9; each level is worth ten seconds of waiting.") { $0.summary.priority },
            .field("concurrency_key", "Of the executions of one agent with one key one is worked on at a time.") {
                $0.summary.concurrencyKey
            },
            .field("parent_id", "The execution that started it.") { $0.summary.parent },
            .field("origin_id", "The execution that it repeats.") { $0.summary.origin },
            .field("origin_step", "The step from which on it does so; null for the whole.") { $0.summary.originStep },
            .field("tokens", "Tokens that its steps have used.") { $0.summary.tokens },
            .field("cost_microdollars", "What its steps have cost, in millionths of a dollar.") { $0.summary.costMicrodollars },
            .field("error_class", "The sort of what went wrong.") { $0.summary.errorClass },
            .field("start_at", "When it is to begin.") { $0.summary.startAt },
            .field("created_at", "When it was triggered.") { $0.summary.createdAt },
            .field("started_at", "When its first attempt began.") { $0.summary.startedAt },
            .field("finished_at", "When it ended.") { $0.summary.finishedAt },
            .field("duration_ms", "From the first start to the end.") { $0.summary.durationMilliseconds },
        ])
}

extension ExecutionSummary {
    /// An execution as it stands in lists.
    public static let output = Output<ExecutionSummary>(
        "ExecutionSummary", "One run of an agent or a task, without what went in and came out.",
        [
            .field("id", "Its id.") { $0.id }
        ] + Output<ExecutionSummary>.Field.definition { $0.definition } + [
            .field("version", "The version of the definition that it runs.") { $0.version },
            .field("agent_version", "The same for an agent; null for anything else.") { $0.agentVersion },
            .field("state", "Where it stands.") { $0.state },
            .field("attempt", "The attempt under way, waited for or last made, from 1; 0 before the first.") { $0.attempt },
            .field("trigger", "Why it came to be.") { $0.trigger },
            .field("parent_id", "The execution that started it.") { $0.parent },
            .field("tokens", "Tokens that its steps have used.") { $0.tokens },
            .field("cost_microdollars", "What its steps have cost, in millionths of a dollar.") { $0.costMicrodollars },
            .field("error_class", "The sort of what went wrong.") { $0.errorClass },
            .field("created_at", "When it was triggered.") { $0.createdAt },
            .field("started_at", "When its first attempt began.") { $0.startedAt },
            .field("finished_at", "When it ended.") { $0.finishedAt },
            .field("duration_ms", "From the first start to the end.") { $0.durationMilliseconds },
        ])
}

extension ExecutionResult {
    /// A result as it is answered.
    public static let output = Output<ExecutionResult>(
        "ExecutionResult", "What an execution came to.",
        [
            .field("execution_id", "The execution.") { $0.id }
        ] + Output<ExecutionResult>.Field.definition { $0.definition } + [
            .field("state", "Where it stands.") { $0.state },
            .field("output", "What it came to; null before it succeeded.") { $0.result },
            .field("error", "Why the last attempt failed.") { $0.error },
            .field("finished_at", "When it ended.") { $0.finishedAt },
        ])
}

extension ExecutionStep {
    /// A step as it is answered.
    public static let output = Output<ExecutionStep>(
        "ExecutionStep", "One journalled call of a tool.",
        [
            .field("key", "Its place in the run.") { $0.key },
            .field("tool", "The tool.") { $0.tool },
            .field("effect", "What a second run would do: decides what happens after a crash.") { $0.effect },
            .field("status", "How far it came.") { $0.status },
            .field("attempt", "The attempt that began it last.") { $0.attempt },
            .field("input", "What it was called with, secrets left out.") { $0.input },
            .field("output", "What came of it.") { $0.result },
            .field("error", "Why it failed.") { $0.error },
            .field("tokens", "Tokens that it has used.") { $0.tokens },
            .field("cost_microdollars", "What it has cost, in millionths of a dollar.") { $0.costMicrodollars },
            .field("started_at", "When it last began.") { $0.startedAt },
            .field("finished_at", "When it ended.") { $0.finishedAt },
        ])
}

extension ExecutionLogLine {
    /// A line as it is answered.
    public static let output = Output<ExecutionLogLine>(
        "ExecutionLogLine", "One line of an execution's log.",
        [
            .field("seq", "Its place in the log: grows, with gaps.") { $0.seq },
            .field("at", "When it was written.") { $0.at },
            .field("level", "How much it matters.") { $0.level },
            .field("message", "What happened.") { $0.message },
            .field("metadata", "What belongs to it.") { $0.metadata },
        ])
}
