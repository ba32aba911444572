// Every tool and strategy that agents can use, a line each. What is not here is not available, and says so.

import Base
import HTTP
import JSON
import Loop
import Mail
import Postgres

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
    ///   - database: holds the tenants' datasets.
    ///   - client: reaches other servers, behind the guard of addresses.
    ///   - pool: takes what burns a core.
    ///   - outbox: takes mail to people.
    ///   - provider: the server of models, when the operator has one.
    public static func standard(
        database: Database, client: OutgoingClient, pool: BlockingPool, outbox: MailOutbox, provider: ChatProvider? = nil
    ) -> ToolRegistry {
        ToolRegistry(
            tools: outward(client: client, pool: pool, provider: provider) + [
                WaitTool(),
                CallAgentTool(),
                CallFlowTool(),
                HumanApprovalTool(),
                NotifyTool(outbox: outbox),
                InsightsTool(database: database),
                StoreTool(),
                QueryTool(database: database),
                DataProcessingTool(database: database, client: client, pool: pool),
            ],
            strategies: [
                ReactiveStrategy(),
                SequenceStrategy(pool: pool),
                PlanAndExecuteStrategy(pool: pool),
                ToolLoopStrategy(),
                FlowGraphStrategy(pool: pool),
            ])
    }

    /// The tools that need nothing of ours but the way out.
    static func outward(client: OutgoingClient, pool: BlockingPool, provider: ChatProvider? = nil) -> [any Tool] {
        let resolver = DNSResolver.system(pool: pool)
        return [
            PingTool(),
            HTTPRequestTool(client: client),
            WebScraperTool(client: client, pool: pool),
            ExtractTool(pool: pool),
            TransformTool(pool: pool),
            JSONTransformTool(pool: pool),
            ValidateTool(pool: pool),
            TemplateTool(pool: pool),
            LLMChatTool(provider: provider),
            SummarizeTool(provider: provider),
            WriteBlogTool(provider: provider),
            MCPCallTool(client: client),
            NetInspectTool(client: client, resolver: resolver),
            SecurityScanTool(client: client, resolver: resolver),
        ]
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
