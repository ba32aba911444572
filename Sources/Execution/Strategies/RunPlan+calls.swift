// The calls that strategies with a will of their own make: with exactly what they say, and with failures that they can go on from.

import Base
import JSON

extension RunPlan {
    /// The tools of this process.
    var registry: ToolRegistry { journal.registry }

    /// Whether a model can be asked.
    var hasModel: Bool { (registry.tool("llm_chat") as? LLMChatTool)?.isAvailable ?? false }

    /// Calls a tool with `input` and nothing else.
    /// - Parameter path: where the input stands in the definition.
    func callExactly(
        _ name: String, key: String, input: JSONObject, at path: String
    ) async throws(StepFailure) -> JSONValue {
        guard let tool = registry.tool(name) else {
            throw StepFailure(Fault(.toolNotAvailable, "There is no tool named \(name)."))
        }
        try budget.takeCall(now: .now)
        return try await journal.call(tool, key: key, input: input, at: path)
    }

    /// Asks the model what to do: a question of the strategy's own, which is no call of a tool.
    /// - Throws: permanent when the run may ask no more.
    func ask(_ question: JSONObject, key: String) async throws(StepFailure) -> JSONValue {
        let name = "llm_chat"
        guard let tool = registry.tool(name) else {
            throw StepFailure(Fault(.toolNotAvailable, "There is no tool named \(name)."))
        }
        let output = try await journal.call(tool, key: key, input: question)
        budget.note(output)
        return output
    }

    /// Whether the step rested until something happened outside of the run.
    func hasRested(_ key: String) -> Bool { journal.hasRested(key) }

    /// Calls a tool with its configuration, the run's input where the tool takes it, and `arguments` over both.
    /// - Returns: `output`, or `error` when it failed for good, which the journal keeps as well.
    /// - Throws: what may pass, and what ends the run.
    func attempt(_ use: Blueprint.ToolUse, key: String, arguments: JSONObject) async throws(StepFailure) -> JSONValue {
        try budget.takeCall(now: .now)
        guard let tool = registry.tool(use.name) else {
            return ["error": .object(Fault(.toolNotAvailable, "There is no tool named \(use.name).").toldToModel)]
        }
        var said = tool.keepsConfiguration ? Toolbox.open(arguments, use) : arguments
        for name in tool.fixedNames { said[name] = nil }
        return try await attempt(
            tool, key: key, input: use.configuration.merging(open(input, to: tool, use)).merging(said))
    }

    /// The same with `input` and nothing else.
    func attemptExactly(
        _ name: String, key: String, input: JSONObject, at path: String
    ) async throws(StepFailure) -> JSONValue {
        try budget.takeCall(now: .now)
        guard let tool = registry.tool(name) else {
            return ["error": .object(Fault(.toolNotAvailable, "There is no tool named \(name).").toldToModel)]
        }
        return try await attempt(tool, key: key, input: input, at: path)
    }

    private func attempt(
        _ tool: any Tool, key: String, input whole: JSONObject, at path: String? = nil
    ) async throws(StepFailure) -> JSONValue {
        do throws(Fault) {
            _ = try tool.prepare(whole)
        } catch {
            // What the tool does not take is known before it begins, each time the run is repeated.
            return ["error": .object(error.toldToModel)]
        }
        return try await journal.call(RunPlan.tried(tool), key: key, input: whole, at: path)
    }

    private static func tried(_ tool: some Tool) -> any Tool { TriedTool(base: tool) }

    /// Says that nothing depends any more on the steps whose key begins so.
    func pass(over prefix: String) { journal.pass(over: prefix) }

    /// Writes down what came about by chance, such as which branch came first: however often the run is repeated, this gives what it
    /// was the first time.
    func note(_ value: JSONValue, key: String) async throws(StepFailure) -> JSONValue {
        try await journal.call(NoteTool(value: value), key: key, input: JSONObject())
    }
}

/// A step that only stands in the journal.
private struct NoteTool: Tool {
    let value: JSONValue

    let name = "note"
    let version = "1.0.0"
    let summary = "Keeps what came about by chance."
    let category = "flow"
    let effect = Effect.pure
    let configuration = Input<Bool>("NoteConfiguration", "Nothing to set.") { _ in true }
    let arguments = Input<Bool>("NoteArguments", "Nothing to give.") { _ in true }
    var output: SchemaNode { SchemaNode(.any) }
    var examples: [ToolExample] { [] }

    func call(_ arguments: Bool, in context: ToolContext) async throws(StepFailure) -> JSONValue { value }
}
