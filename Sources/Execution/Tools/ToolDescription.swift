// Tools and strategies as the discovery endpoints show them: from their own declarations, so that what is shown is what is checked.

import Base
import JSON
import Tenancy

/// A tool as callers see it.
public struct ToolDescription: Sendable {
    public let name: String
    public let version: String
    public let summary: String
    public let category: String
    public let effect: Effect
    public let scopes: [String]
    public let configurationSchema: JSONRaw
    public let inputSchema: JSONRaw
    public let outputSchema: JSONRaw
    public let examples: [ToolExample]

    init(_ tool: some Tool) {
        name = tool.name
        version = tool.version
        summary = tool.summary
        category = tool.category
        effect = tool.effect
        scopes = tool.rights.names
        configurationSchema = tool.configuration.schema.plain
        inputSchema = tool.arguments.schema.plain
        outputSchema = tool.output.plain
        examples = tool.examples
    }

    /// A tool as it is answered.
    public static let output = Output<ToolDescription>(
        "Tool", "An operation that agents can use.",
        [
            .field("name", "Its name in blueprints.") { $0.name },
            .field("version", "The version of its behaviour.") { $0.version },
            .field("description", "What it does.") { $0.summary },
            .field("category", "What it is about.") { $0.category },
            .field("effect", "What a second call may do, at worst.") { $0.effect },
            .field("scopes", "What whoever names it in a definition has to hold.") { $0.scopes },
            .field("config_schema", "What a blueprint may say about it.") { $0.configurationSchema },
            .field("input_schema", "What a call takes, configuration and run input put together.") { $0.inputSchema },
            .field("output_schema", "What comes out.") { $0.outputSchema },
            .list("examples", "Calls that work as they stand.", ToolExample.output) { $0.examples },
        ])
}

extension ToolExample {
    static let output = Output<ToolExample>(
        "ToolExample", "A call that works as it stands.",
        [
            .field("title", "What it does.") { $0.title },
            .field("config", "What goes into the blueprint.") { JSONValue.object($0.configuration) },
            .field("input", "What the agent is triggered with.") { JSONValue.object($0.input) },
        ])
}

/// A strategy as callers see it.
public struct StrategyDescription: Sendable {
    public let name: String
    public let summary: String
    public let complexity: String
    public let bestFor: [String]
    public let configurationSchema: JSONRaw

    init(_ strategy: some Strategy) {
        name = strategy.name
        summary = strategy.summary
        complexity = strategy.complexity
        bestFor = strategy.bestFor
        configurationSchema = strategy.configuration.schema.plain
    }

    /// A strategy as it is answered.
    public static let output = Output<StrategyDescription>(
        "Strategy", "A way in which an agent uses its tools.",
        [
            .field("name", "Its name in blueprints.") { $0.name },
            .field("description", "What it does.") { $0.summary },
            .field("complexity", "How much goes on: low, medium or high.") { $0.complexity },
            .field("best_for", "What it is good for.") { $0.bestFor },
            .field("config_schema", "What a blueprint may say about it.") { $0.configurationSchema },
        ])
}

extension SchemaNode {
    /// The schema itself: a reference would lead nowhere here.
    fileprivate var plain: JSONRaw { JSONRaw(Array(inlined().text.utf8)) }
}
