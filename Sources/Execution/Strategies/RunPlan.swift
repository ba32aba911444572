// What a strategy works with: the tools of the blueprint, the input of the run, and the way to call a tool through the journal.

import Base
import JSON

/// One run as its strategy sees it. Used by the run's own task.
public struct RunPlan: Sendable {
    public let tools: [Blueprint.ToolUse]
    /// What the agent was triggered with.
    public let input: JSONObject
    let journal: Journal

    init(tools: [Blueprint.ToolUse], input: JSONObject, journal: Journal) {
        self.tools = tools
        self.input = input
        self.journal = journal
    }

    /// Calls a tool, or gives what that call came to in an earlier attempt.
    /// - Parameters:
    ///   - key: the place of the call in the run, the same each time the run is repeated, such as `tool[0]`.
    ///   - further: members that go over configuration and input, where the tool takes them.
    ///   - path: where `further` stands in the definition.
    /// - Throws: what failed, or that the run may make no more calls. A strategy that can't go on without it lets it through.
    public func call(
        _ use: Blueprint.ToolUse, key: String, further: JSONObject = JSONObject(), at path: String? = nil
    ) async throws(StepFailure) -> JSONValue {
        guard let tool = journal.registry.tool(use.name) else {
            throw StepFailure(Fault(.toolNotAvailable, "There is no tool named \(use.name)."))
        }
        try budget.takeCall(now: .now)
        let given = open(input.merging(further), to: tool, use)
        return try await journal.call(tool, key: key, input: use.configuration.merging(given), at: path)
    }

    /// The members of `input` that the tool takes, some tools only where the blueprint has left them open.
    func open(_ input: JSONObject, to tool: any Tool, _ use: Blueprint.ToolUse) -> JSONObject {
        let taken = input.keeping(tool.argumentNames)
        return tool.keepsConfiguration ? Toolbox.open(taken, use) : taken
    }

    /// What the run may take and has taken, in all its strategies and tools.
    var budget: RunBudget { journal.budget }

    /// The names of the input that none of the tools takes.
    var unusedNames: [String] {
        let names = Set(tools.flatMap { journal.registry.tool($0.name)?.argumentNames ?? [] })
        return input.members.map(\.name).filter { !names.contains($0) }
    }

    /// Writes a line into the log of the execution.
    public func write(_ level: LogLevel, _ message: String, _ metadata: JSONObject = JSONObject()) {
        journal.log.add(level, message, metadata)
    }
}

extension JSONObject {
    /// The members of these names.
    func keeping(_ names: [String]) -> JSONObject {
        var kept = JSONObject()
        for member in members where names.contains(member.name) { kept[member.name] = member.value }
        return kept
    }
}
