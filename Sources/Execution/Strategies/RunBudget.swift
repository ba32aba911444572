// What a run may take of a model and of tools, and what it has taken: turns, calls, tokens, money, time. Pure but for the clock that it is
// given. What the provider does not count can't be held to a bound, and is said to be so rather than taken for nothing.

import Base
import JSON

/// The bounds of a run and where it stands.
struct RunBudget: Sendable {
    /// The bounds as a blueprint gives them.
    struct Limits: Sendable {
        static let calls = 1...500
        static let tokens = 1...100_000_000
        static let microdollars = 1...1_000_000_000
        static let seconds = 1...86_400

        let calls: Int
        let tokens: Int?
        let microdollars: Int?
        let seconds: Int?
    }

    private let limits: Limits
    private let began: Instant
    private(set) var calls = 0
    private(set) var questions = 0
    /// `nil` when an answer was not counted.
    private(set) var usage: ChatUsage? = ChatUsage(inputTokens: 0, outputTokens: 0)
    /// `nil` when the cost of an answer is not known.
    private(set) var microdollars: Int? = 0

    init(_ limits: Limits, began: Instant) {
        self.limits = limits
        self.began = began
    }

    /// Before a question to the model.
    /// - Throws: permanent when nothing is left, or it can't be known what is.
    func checkQuestion(now: Instant) throws(StepFailure) {
        try checkTime(now)
        if let limit = limits.tokens {
            guard let usage else { throw RunBudget.uncounted("tokens") }
            guard usage.totalTokens < limit else { throw RunBudget.spent("\(limit) tokens") }
        }
        if let limit = limits.microdollars {
            guard let microdollars else { throw RunBudget.uncounted("money") }
            guard microdollars < limit else { throw RunBudget.spent("\(limit) millionths of a dollar") }
        }
    }

    /// Before a call of a tool, which is counted.
    /// - Throws: permanent when nothing is left.
    mutating func takeCall(now: Instant) throws(StepFailure) {
        try checkTime(now)
        guard calls < limits.calls else { throw RunBudget.spent("\(limits.calls) calls of tools") }
        calls += 1
    }

    private func checkTime(_ now: Instant) throws(StepFailure) {
        guard let limit = limits.seconds, now.milliseconds(since: began) >= limit * 1000 else { return }
        throw RunBudget.spent("\(limit) seconds")
    }

    /// Takes down what an answer of `llm_chat` took.
    mutating func note(_ output: JSONValue) {
        questions += 1
        let input = output["usage"]?["input_tokens"]?.int
        let answer = output["usage"]?["output_tokens"]?.int
        if let usage, let input, let answer {
            self.usage = usage + ChatUsage(inputTokens: input, outputTokens: answer)
        } else {
            usage = nil
        }
        microdollars = output["cost_microdollars"]?.int.flatMap { cost in microdollars.map { $0 + cost } }
    }

    /// The most tokens that one more answer may have.
    var tokensLeft: Int? {
        limits.tokens.flatMap { limit in usage.map { max(1, limit - $0.totalTokens) } }
    }

    /// Where it stands, for the output of the run.
    var value: JSONObject {
        var object = JSONObject()
        object["questions"] = .integer(questions)
        object["calls"] = .integer(calls)
        object["usage"] =
            usage.map { ["input_tokens": .integer($0.inputTokens), "output_tokens": .integer($0.outputTokens)] } ?? .null
        object["cost_microdollars"] = microdollars.map { .integer($0) } ?? .null
        return object
    }

    private static func spent(_ what: String) -> StepFailure {
        StepFailure(Fault(.limitReached, "The run has used up its \(what)."), .permanent)
    }

    private static func uncounted(_ what: String) -> StepFailure {
        StepFailure(
            Fault(.limitReached, "The run's bound on \(what) can't be kept: the provider does not count them."), .permanent)
    }
}

extension Fields {
    /// The bounds that every strategy with a model has.
    mutating func budget() -> RunBudget.Limits {
        RunBudget.Limits(
            calls: defaulted("max_calls", .integer(RunBudget.Limits.calls), 50, "The most calls of tools."),
            tokens: optional("max_tokens", .integer(RunBudget.Limits.tokens), "The most tokens of all questions and answers."),
            microdollars: optional(
                "max_cost_microdollars", .integer(RunBudget.Limits.microdollars),
                "The most that the questions may cost, in millionths of a dollar."),
            seconds: optional("max_seconds", .integer(RunBudget.Limits.seconds), "The most seconds of one attempt."))
    }
}
