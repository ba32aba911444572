// How a blueprint stands in requests and in the store: the same text, with everything that has a default written out.

import Base
import JSON

extension Blueprint {
    /// A blueprint as it is sent.
    public static let input = Input<Blueprint>("Blueprint", "The tools of an agent, its strategy and the limits of a run.") {
        fields in
        Blueprint(
            tools: fields.required("tools", .array(of: ToolUse.input, 1...toolLimit), "The tools, in the order of their use."),
            strategy: fields.required("strategy", StrategyUse.input, "How the tools are used."),
            limits: fields.defaulted("limits", RunLimits.input, .standard, "What one run may take."))
    }

    /// A blueprint as a run finds it, be it of an agent or made for a task, a flow or an automation: what was checked when it was
    /// saved is not bounded again.
    static let stored = Input<Blueprint>("StoredBlueprint", "What a run carries through.") { fields in
        Blueprint(
            tools: fields.required("tools", .array(of: ToolUse.input, 0...FlowGraph.totalLimit), "The tools."),
            strategy: fields.required("strategy", StrategyUse.stored, "How the tools are used."),
            limits: fields.defaulted("limits", RunLimits.input, .standard, "What one run may take."))
    }

    /// The text that is stored and shown.
    var bytes: [UInt8] {
        let value: JSONValue = [
            "tools": .array(tools.map { ["name": .string($0.name), "config": .object($0.configuration)] }),
            "strategy": ["name": .string(strategy.name), "config": .object(strategy.configuration)],
            "limits": limits.value,
        ]
        return value.bytes
    }
}

extension Blueprint.ToolUse {
    static let input = Input<Self>("ToolUse", "A tool with its configuration.") { fields in
        Self(
            name: fields.required("name", .string(1...100), "The name of a tool, from the list of tools."),
            configuration: fields.configuration())
    }
}

extension Blueprint.StrategyUse {
    fileprivate static let stored = Input<Self>("StoredStrategyUse", "A strategy with its configuration.") { fields in
        Self(
            name: fields.required("name", .string(1...100), "The name of a strategy."),
            configuration: fields.defaulted("config", .object(bytes: storedBytes), .object(JSONObject()), "Its configuration.")
                .object ?? JSONObject())
    }

    /// A plan has as many steps, each with its input, and a flow as many bytes.
    private static let storedBytes = max(FlowGraph.bytes, PlannedStep.stepLimit * PlannedStep.inputBytes) + 64 << 10

    static let input = Input<Self>("StrategyUse", "A strategy with its configuration.") { fields in
        Self(
            name: fields.required("name", .string(1...100), "The name of a strategy, from the list of strategies."),
            configuration: fields.configuration())
    }
}

extension Blueprint.RunLimits {
    static let input = Input<Self>("RunLimits", "What one run may take.") { fields in
        var limits = Self(
            timeoutSeconds: fields.defaulted(
                "timeout_seconds", .integer(timeoutSeconds), standard.timeoutSeconds,
                "Seconds from the first start to the end, waits between attempts included."),
            maxAttempts: fields.defaulted(
                "max_attempts", .integer(maxAttempts), standard.maxAttempts, "Attempts that may fail before the execution does."),
            maxConcurrent: fields.optional(
                "max_concurrent", .integer(maxConcurrent),
                "Executions of this definition that run at once; left out: as the plan has it."
            ))
        limits.maxConcurrentPerKey = fields.optional(
            "max_concurrent_per_key", .integer(maxConcurrent),
            "Executions of this definition with one concurrency key that run at once; left out: one.")
        limits.queueTimeoutSeconds = fields.optional(
            "queue_timeout_seconds", .integer(queueTimeoutSeconds),
            "Seconds in which it must begin, counted from when it may; else it ends as timed_out.")
        limits.idleTimeoutSeconds = fields.optional(
            "idle_timeout_seconds", .integer(idleTimeoutSeconds),
            "Seconds that an attempt may take without a word: a step that begins or ends, or a line of the log; else it fails.")
        limits.totalTimeoutSeconds = fields.optional(
            "total_timeout_seconds", .integer(totalTimeoutSeconds),
            "Seconds in which it must end, counted from when it may begin, with all waits and pauses; else it ends as timed_out.")
        limits.budget = fields.runBudget()
        return limits
    }

    var value: JSONValue {
        var object = JSONObject()
        object["timeout_seconds"] = .integer(timeoutSeconds)
        object["max_attempts"] = .integer(maxAttempts)
        object["max_concurrent"] = maxConcurrent.map { .integer($0) }
        object["max_concurrent_per_key"] = maxConcurrentPerKey.map { .integer($0) }
        object["queue_timeout_seconds"] = queueTimeoutSeconds.map { .integer($0) }
        object["idle_timeout_seconds"] = idleTimeoutSeconds.map { .integer($0) }
        object["total_timeout_seconds"] = totalTimeoutSeconds.map { .integer($0) }
        object["max_calls"] = budget.calls.map { .integer($0) }
        object["max_tokens"] = budget.tokens.map { .integer($0) }
        object["max_cost_microdollars"] = budget.microdollars.map { .integer($0) }
        return .object(object)
    }
}

extension Fields {
    /// The `config` of a tool or strategy: its own declaration checks what is in it.
    fileprivate mutating func configuration() -> JSONObject {
        let value = defaulted(
            "config", .object(bytes: Blueprint.configurationBytes), .object(JSONObject()), "Its configuration, by its own schema."
        )
        return value.object ?? JSONObject()
    }
}
