// What an agent is made of: the tools it uses in order, each with its configuration, the strategy that calls them, and the limits of a
// run. A blueprint is checked against the tools' and the strategy's own declarations when it is saved, so that a run meets no surprise.

import Base
import JSON

/// The parts of an agent.
public struct Blueprint: Sendable, Equatable {
    /// The most tools that one agent has.
    public static let toolLimit = 16
    /// The most bytes of one configuration.
    public static let configurationBytes = 16 << 10

    /// A tool and how this agent uses it.
    public struct ToolUse: Sendable, Equatable {
        public let name: String
        public let configuration: JSONObject

        public init(name: String, configuration: JSONObject = JSONObject()) {
            self.name = name
            self.configuration = configuration
        }
    }

    /// A strategy and how this agent uses it.
    public struct StrategyUse: Sendable, Equatable {
        public let name: String
        public let configuration: JSONObject

        public init(name: String, configuration: JSONObject = JSONObject()) {
            self.name = name
            self.configuration = configuration
        }
    }

    /// What one run may take.
    public struct RunLimits: Sendable, Equatable {
        public static let timeoutSeconds = 1...86_400
        public static let maxAttempts = 1...20
        public static let maxConcurrent = 1...1_000
        public static let queueTimeoutSeconds = 1...2_592_000
        public static let idleTimeoutSeconds = 1...86_400
        public static let totalTimeoutSeconds = 1...31_536_000
        public static let standard = RunLimits(timeoutSeconds: 300, maxAttempts: 3)

        /// From the first start to the end, waits between attempts included, but not those for a time, a signal or children, nor pauses.
        public let timeoutSeconds: Int
        /// Attempts that may fail before the execution does.
        public let maxAttempts: Int
        /// Executions of the definition that run at once; `nil` for as many as the plan holds.
        public let maxConcurrent: Int?
        /// Of those with one concurrency key; `nil` for one.
        public var maxConcurrentPerKey: Int?
        /// From when it may begin to when it must have begun; `nil` for any time.
        public var queueTimeoutSeconds: Int?
        /// The longest time without a word from an attempt; `nil` for any.
        public var idleTimeoutSeconds: Int?
        /// From when it may begin to the end, with all waits and pauses; `nil` for any.
        public var totalTimeoutSeconds: Int?
        /// What it may take of models and tools, whatever its strategy.
        var budget = RunBudget.Limits()

        public init(timeoutSeconds: Int, maxAttempts: Int, maxConcurrent: Int? = nil) {
            self.timeoutSeconds = timeoutSeconds
            self.maxAttempts = maxAttempts
            self.maxConcurrent = maxConcurrent
        }
    }

    public let tools: [ToolUse]
    public let strategy: StrategyUse
    public let limits: RunLimits

    public init(tools: [ToolUse], strategy: StrategyUse, limits: RunLimits = .standard) {
        self.tools = tools
        self.strategy = strategy
        self.limits = limits
    }

    /// Checks the parts against what the registry has.
    /// - Parameter path: where the blueprint stands in the request, such as `blueprint`.
    /// - Returns: the calls that it names.
    /// - Throws: `.toolNotAvailable` or `.strategyNotAvailable` when a name is unknown, else `.invalid`, always naming every refused field.
    @discardableResult
    func check(against registry: ToolRegistry, at path: String = "blueprint") throws(Fault) -> [PlannedCall] {
        var fields: [Fault.Field] = []
        var code = Fault.Code.invalid
        var further: [PlannedCall] = []
        if let known = registry.strategy(strategy.name) {
            let place = "\(path).strategy.config"
            do throws(Fault) {
                further = try known.checkConfiguration(strategy.configuration, tools: tools).map { $0.below(place) }
                fields += further.problems(registry)
            } catch {
                fields += Blueprint.fields(of: error, place)
            }
        } else {
            code = .strategyNotAvailable
            fields.append(Fault.Field("\(path).strategy.name", "reference", "There is no strategy of this name."))
        }
        var calls: [PlannedCall] = []
        for (index, use) in tools.enumerated() {
            let place = "\(path).tools[\(index)]"
            guard let tool = registry.tool(use.name) else {
                code = .toolNotAvailable
                fields.append(Fault.Field("\(place).name", "reference", "There is no tool of this name."))
                continue
            }
            calls.append(
                PlannedCall(
                    tool: use.name, place: "\(place).name", input: .literal(.object(use.configuration)), path: "\(place).config"))
            do throws(Fault) {
                try tool.checkConfiguration(use.configuration)
            } catch {
                fields += Blueprint.fields(of: error, "\(place).config")
            }
        }
        guard !fields.isEmpty else { return calls + further }
        throw Fault(code, fields.count == 1 ? "A field is not valid." : "\(fields.count) fields are not valid.", fields: fields)
    }

    /// The fields that a check refuses, each behind `path`.
    private static func fields(of fault: Fault, _ path: String) -> [Fault.Field] {
        fault.fields.isEmpty ? [Fault.Field(path, "format", fault.message)] : fault.below(path).fields
    }
}
