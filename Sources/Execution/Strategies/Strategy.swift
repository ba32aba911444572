// What a strategy is: the way in which an agent uses its tools. It decides what is called with what, and what the run comes to; the
// journal sees to it that a call that was made is not made again. So a strategy must decide the same when it is run again: on its
// input, its configuration and the results of calls alone. One file a strategy in this folder, and one line in the registry.

import Base
import JSON

/// A way to use tools.
public protocol Strategy: Sendable {
    /// What a blueprint says about it, decoded.
    associatedtype Settings: Sendable

    /// The name in blueprints.
    var name: String { get }
    /// Other names by which blueprints may call it.
    var aliases: [String] { get }
    /// One sentence.
    var summary: String { get }
    /// `low`, `medium` or `high`.
    var complexity: String { get }
    var bestFor: [String] { get }
    /// What a blueprint may say.
    var configuration: Input<Settings> { get }

    /// What a blueprint says of it that does not fit the blueprint's tools; paths begin in the configuration.
    func problems(_ settings: Settings, tools: [Blueprint.ToolUse]) -> [Fault.Field]

    /// The calls that a blueprint says of it, beside what it says of the tools; paths begin in the configuration.
    func calls(_ settings: Settings, tools: [Blueprint.ToolUse]) -> [PlannedCall]

    /// Carries a run through.
    /// - Returns: what the run comes to.
    func run(_ settings: Settings, _ plan: RunPlan) async throws(StepFailure) -> JSONValue
}

extension Strategy {
    public var aliases: [String] { [] }

    public func problems(_ settings: Settings, tools: [Blueprint.ToolUse]) -> [Fault.Field] { [] }

    public func calls(_ settings: Settings, tools: [Blueprint.ToolUse]) -> [PlannedCall] { [] }

    /// Checks what a blueprint says.
    /// - Returns: the calls that it says of the strategy.
    /// - Throws: `.invalid` naming the fields.
    func checkConfiguration(_ object: JSONObject, tools: [Blueprint.ToolUse]) throws(Fault) -> [PlannedCall] {
        let settings = try configuration.decode(JSONValue.object(object).bytes)
        let problems = problems(settings, tools: tools)
        guard problems.isEmpty else { throw Fault(.invalid, "The strategy does not fit the tools.", fields: problems) }
        return calls(settings, tools: tools)
    }

    /// Carries a run through with a configuration that is still to be read.
    func run(_ configured: JSONObject, plan: RunPlan) async throws(StepFailure) -> JSONValue {
        let settings: Settings
        do throws(Fault) {
            settings = try configuration.decode(JSONValue.object(configured).bytes)
        } catch {
            throw StepFailure(error)
        }
        return try await run(settings, plan)
    }
}
