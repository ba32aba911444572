// The calls that strategies with a will of their own make: with exactly what they say, and with failures that they can go on from.

import Base
import JSON

extension RunPlan {
    /// The tools of this process.
    var registry: ToolRegistry { journal.registry }

    /// Whether a model can be asked.
    var hasModel: Bool { (registry.tool("llm_chat") as? LLMChatTool)?.isAvailable ?? false }

    /// Calls a tool with `input` and nothing else.
    func callExactly(_ name: String, key: String, input: JSONObject) async throws(StepFailure) -> JSONValue {
        guard let tool = registry.tool(name) else {
            throw StepFailure(Fault(.toolNotAvailable, "There is no tool named \(name)."))
        }
        return try await journal.call(tool, key: key, input: input)
    }

    /// Calls a tool with its configuration, the run's input where the tool takes it, and `arguments` over both.
    /// - Returns: `output`, or `error` when it failed for good, which the journal keeps as well.
    /// - Throws: what may pass, and what ends the run.
    func attempt(_ use: Blueprint.ToolUse, key: String, arguments: JSONObject) async throws(StepFailure) -> JSONValue {
        guard let tool = registry.tool(use.name) else {
            return ["error": .object(Fault(.toolNotAvailable, "There is no tool named \(use.name).").toldToModel)]
        }
        let whole = use.configuration.merging(input.keeping(tool.argumentNames)).merging(arguments)
        do throws(Fault) {
            _ = try tool.prepare(whole)
        } catch {
            // What the tool does not take is known before it begins, each time the run is repeated.
            return ["error": .object(error.toldToModel)]
        }
        return try await journal.call(RunPlan.tried(tool), key: key, input: whole)
    }

    private static func tried(_ tool: some Tool) -> any Tool { TriedTool(base: tool) }
}
