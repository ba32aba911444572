// Every tool and strategy that agents can use, a line each. What is not here is not available, and says so.

import Base
import HTTP
import JSON
import Loop

/// The tools and strategies of the process.
public struct ToolRegistry: Sendable {
    public let tools: [any Tool]
    public let strategies: [any Strategy]
    private let toolsByName: [String: any Tool]
    private let strategiesByName: [String: any Strategy]

    public init(tools: [any Tool], strategies: [any Strategy]) {
        self.tools = tools
        self.strategies = strategies
        toolsByName = Dictionary(uniqueKeysWithValues: tools.map { ($0.name, $0) })
        strategiesByName = Dictionary(
            uniqueKeysWithValues: strategies.flatMap { strategy in ([strategy.name] + strategy.aliases).map { ($0, strategy) } })
    }

    /// All that this version has.
    /// - Parameters:
    ///   - client: reaches other servers, behind the guard of addresses.
    ///   - pool: takes what burns a core.
    ///   - provider: the server of models, when the operator has one.
    public static func standard(client: OutgoingClient, pool: BlockingPool, provider: ChatProvider? = nil) -> ToolRegistry {
        ToolRegistry(
            tools: [
                PingTool(),
                HTTPRequestTool(client: client),
                WebScraperTool(client: client, pool: pool),
                JSONTransformTool(pool: pool),
                ValidateTool(pool: pool),
                TemplateTool(pool: pool),
                LLMChatTool(provider: provider),
                SummarizeTool(provider: provider),
                WriteBlogTool(provider: provider),
                MCPCallTool(client: client),
                WaitTool(),
                CallAgentTool(),
                CallFlowTool(),
            ],
            strategies: [
                ReactiveStrategy(),
                SequenceStrategy(),
                PlanAndExecuteStrategy(),
                ToolLoopStrategy(),
                FlowGraphStrategy(pool: pool),
            ])
    }

    /// The tool of that name.
    public func tool(_ name: String) -> (any Tool)? { toolsByName[name] }

    /// The strategy of that name.
    public func strategy(_ name: String) -> (any Strategy)? { strategiesByName[name] }

    /// All tools as callers see them.
    public var toolDescriptions: [ToolDescription] { tools.map { ToolDescription($0) } }

    /// All strategies as callers see them.
    public var strategyDescriptions: [StrategyDescription] { strategies.map { StrategyDescription($0) } }
}
