// `tool_loop`: the model says which tools to call with what, is told what came of it, and goes on until it answers. Each question
// (`turn[2]/model`) and each call (`turn[2]/call[0]`) is a step, so that a run that is taken up again asks and calls nothing twice.
// Bounds: turns, calls, tokens, money, seconds; `resultBytes` of what the model is told of a call; the guard against circles.

import Base
import JSON

/// A model and its tools, until there is an answer.
struct ToolLoopStrategy: Strategy {
    static let turns = 1...100
    /// The most bytes of an output that the model is shown.
    static let resultBytes = 16 << 10
    /// The most bytes of a task.
    static let taskBytes = 256 << 10

    struct Settings: Sendable {
        let instruction: String
        let turns: Int
        let temperature: Double?
        let timeoutSeconds: Int
        let limits: RunBudget.Limits
    }

    let name = "tool_loop"
    let summary = "A language model calls the tools as it sees fit, until it has an answer."
    let complexity = "high"
    let bestFor = ["open_questions", "research", "several_steps_that_are_not_known_before"]
    let configuration = Input<Settings>("ToolLoopSettings", "How the model works, and what it may take.") { fields in
        Settings(
            instruction: fields.defaulted(
                "instruction", .string(1...20_000), "Do the task. Call tools where they help, and answer when you are done.",
                "What the model is told before the task."),
            turns: fields.defaulted("max_turns", .integer(turns), 10, "The most questions to the model."),
            temperature: fields.optional("temperature", .number(0...2), "How freely the model chooses its words."),
            timeoutSeconds: fields.defaulted(
                "turn_timeout", .integer(LLMChatTool.timeoutSeconds), 120, "Seconds that one answer of the model may take."),
            limits: fields.budget())
    }

    func run(_ settings: Settings, _ plan: RunPlan) async throws(StepFailure) -> JSONValue {
        let toolbox = Toolbox(plan.tools, registry: plan.registry)
        plan.budget.narrow(settings.limits)
        var circles = CallGuard()
        var messages: [JSONValue] = [
            ["role": "system", "content": .string(settings.instruction)],
            ["role": "user", "content": .string(try ToolLoopStrategy.task(plan.input))],
        ]
        for turn in 0..<settings.turns {
            let output = try await plan.ask(
                question(messages, toolbox, settings, plan.budget), key: "turn[\(turn)]/model")
            if let refusal = output["refusal"]?.string {
                throw StepFailure(Fault(.outboundRefused, "The model refuses: \(refusal.cut(bytes: 300))"), .permanent)
            }
            let calls = output["tool_calls"]?.array ?? []
            guard !calls.isEmpty else { return try ToolLoopStrategy.answer(output, turns: turn + 1, plan.budget) }
            messages.append(ToolLoopStrategy.said(output, calls))
            for (number, call) in calls.enumerated() {
                let result = try await result(of: call, key: "turn[\(turn)]/call[\(number)]", toolbox, plan, &circles)
                messages.append(["role": "tool", "tool_call_id": call["id"] ?? "", "content": .string(result)])
            }
        }
        throw StepFailure(Fault(.limitReached, "The model has no answer after \(settings.turns) turns."), .permanent)
    }

    /// What the run is triggered with, as the model is told it.
    static func task(_ input: JSONObject) throws(StepFailure) -> String {
        let text =
            input["prompt"]?.string ?? input["task"]?.string ?? String(decoding: JSONValue.object(input).bytes, as: UTF8.self)
        guard text.utf8.count <= taskBytes else {
            throw StepFailure(Fault(.contentTooLarge, "A task for a model has at most \(taskBytes) bytes."), .permanent)
        }
        return text
    }

    private func question(
        _ messages: [JSONValue], _ toolbox: Toolbox, _ settings: Settings, _ budget: RunBudget
    ) -> JSONObject {
        var input = JSONObject()
        input["messages"] = .array(messages)
        if !toolbox.entries.isEmpty { input["tools"] = toolbox.value }
        input["temperature"] = settings.temperature.map { .double($0) }
        input["timeout"] = .integer(settings.timeoutSeconds)
        input["max_tokens"] = budget.tokensLeft.map { .integer(min($0, LLMChatTool.maxTokens.upperBound)) }
        return input
    }

    private static func answer(_ output: JSONValue, turns: Int, _ budget: RunBudget) throws(StepFailure) -> JSONValue {
        let content = output["content"]?.string ?? ""
        guard output["finish_reason"] != "length" else {
            throw StepFailure(Fault(.limitReached, "The model's answer is cut: it reached the most tokens."), .permanent)
        }
        guard !content.isEmpty else { throw StepFailure(Fault(.outboundFailed, "The model said nothing."), .permanent) }
        var result = JSONObject()
        result["answer"] = .string(content)
        result["turns"] = .integer(turns)
        return .object(result.merging(budget.value))
    }

    /// What the model said, to be sent back to it. Arguments that are no object are left out: servers break on them.
    private static func said(_ output: JSONValue, _ calls: [JSONValue]) -> JSONValue {
        var message = JSONObject()
        message["role"] = "assistant"
        if let content = output["content"]?.string { message["content"] = .string(content) }
        message["tool_calls"] = .array(
            calls.map { call in
                let arguments = call["arguments"]?.object ?? JSONObject()
                return ["id": call["id"] ?? "", "name": call["name"] ?? "", "arguments": .object(arguments)]
            })
        return .object(message)
    }

    /// What the model is told of a call.
    private func result(
        of call: JSONValue, key: String, _ toolbox: Toolbox, _ plan: RunPlan, _ circles: inout CallGuard
    ) async throws(StepFailure) -> String {
        let name = call["name"]?.string ?? ""
        try circles.note(name, call["arguments"]?.object ?? JSONObject())
        guard let entry = toolbox[name], let arguments = call["arguments"]?.object else {
            try plan.budget.takeCall(now: .now)
            return toolbox[name] == nil
                ? #"{"error":"There is no tool of this name."}"# : #"{"error":"The arguments were no JSON object."}"#
        }
        let output = try await plan.attempt(entry.use, key: key, arguments: Toolbox.open(arguments, entry.use))
        if plan.hasRested(key) { circles.clear() }
        return ToolLoopStrategy.shown(output["output"] ?? output)
    }

    /// An output as the model is shown it.
    static func shown(_ output: JSONValue) -> String {
        let text = output.string ?? String(decoding: output.bytes, as: UTF8.self)
        guard text.utf8.count > resultBytes else { return text }
        return text.cut(bytes: resultBytes) + "\n[cut: the output has \(text.utf8.count) bytes]"
    }
}
