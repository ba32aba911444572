// What a run may take of models and of tools, and what it has taken: calls, tokens, money, time. One for the whole run, whatever its
// strategy, fed by what each step has recorded: its own, that of all questions inside it, and that of the children it waited for. It is
// asked before each call, before each question to a model wherever that is asked, and before each child. What the provider does not count
// can't be held to a bound, and is said to be so rather than taken for nothing. Questions that are asked at once may pass a bound by theirs.

import Base
import JSON

/// Tokens and money.
struct Taken: Sendable, Equatable {
    var tokens = 0
    var microdollars = 0

    static func + (left: Taken, right: Taken) -> Taken {
        Taken(tokens: left.tokens + right.tokens, microdollars: left.microdollars + right.microdollars)
    }
}

/// The bounds of a run and where it stands.
final class RunBudget: @unchecked Sendable {
    // Touched on the loop of its run alone.

    /// The bounds as a blueprint gives them.
    struct Limits: Sendable, Equatable {
        static let calls = 1...500
        static let tokens = 1...100_000_000
        static let microdollars = 1...1_000_000_000
        static let seconds = 1...86_400

        var calls: Int?
        var tokens: Int?
        var microdollars: Int?
        var seconds: Int?
    }

    private var limits = Limits()
    private let began: Instant
    private(set) var calls = 0
    private(set) var questions = 0
    /// What steps have taken that are done.
    private var settled = Taken()
    /// What steps take that are not, with what they took in earlier attempts.
    private var underway: [String: (before: Taken, spending: Spending)] = [:]
    private var knowsTokens = true
    private var knowsMoney = true
    /// What the strategy's own questions took; `nil` when an answer was not counted.
    private var usage: ChatUsage? = ChatUsage(inputTokens: 0, outputTokens: 0)

    init(began: Instant) {
        self.began = began
    }

    /// Holds the run to these bounds beside those that it has.
    func narrow(_ other: Limits) {
        limits.calls = RunBudget.least(limits.calls, other.calls)
        limits.tokens = RunBudget.least(limits.tokens, other.tokens)
        limits.microdollars = RunBudget.least(limits.microdollars, other.microdollars)
        limits.seconds = RunBudget.least(limits.seconds, other.seconds)
    }

    private static func least(_ one: Int?, _ other: Int?) -> Int? {
        one.map { min($0, other ?? $0) } ?? other
    }

    // MARK: Asking

    /// Before something that takes tokens or money.
    /// - Parameters:
    ///   - isCounted: whether all tokens that the step took so far are known.
    ///   - isPriced: whether what they cost is.
    /// - Throws: permanent when nothing is left, or it can't be known what is.
    func checkSpending(now: Instant, isCounted: Bool = true, isPriced: Bool = true) throws(StepFailure) {
        try checkTime(now)
        let taken = underway.values.reduce(settled) { $0 + $1.before + $1.spending.taken }
        if let limit = limits.tokens {
            guard knowsTokens, isCounted else { throw RunBudget.uncounted("tokens") }
            guard taken.tokens < limit else { throw RunBudget.spent("\(limit) tokens") }
        }
        if let limit = limits.microdollars {
            guard knowsMoney, isPriced else { throw RunBudget.uncounted("money") }
            guard taken.microdollars < limit else { throw RunBudget.spent("\(limit) millionths of a dollar") }
        }
    }

    /// Before a call of a tool, which is counted.
    /// - Throws: permanent when nothing is left.
    func takeCall(now: Instant) throws(StepFailure) {
        try checkTime(now)
        if let limit = limits.calls, calls >= limit { throw RunBudget.spent("\(limit) calls of tools") }
        calls += 1
    }

    private func checkTime(_ now: Instant) throws(StepFailure) {
        guard let limit = limits.seconds, now.milliseconds(since: began) >= limit * 1000 else { return }
        throw RunBudget.spent("\(limit) seconds")
    }

    /// The most tokens that one more answer may have. It follows from the steps that are done alone, so that it is the same when the run
    /// is repeated.
    var tokensLeft: Int? {
        limits.tokens.flatMap { limit in knowsTokens ? max(1, limit - settled.tokens) : nil }
    }

    // MARK: Counting

    /// A step begins to take something.
    func begin(_ key: String, _ spending: Spending, before: Taken) {
        underway[key] = (before, spending)
    }

    /// A step that was under way is done.
    func finish(_ key: String, _ output: JSONValue, isModel: Bool) {
        guard let step = underway.removeValue(forKey: key) else { return }
        settle(step.before + step.spending.taken, output, isModel: isModel)
    }

    /// A step is done, or was when the run was repeated.
    /// - Parameter isModel: whether its output says what could not be counted, as the outputs of tools with a model do.
    func settle(_ taken: Taken, _ output: JSONValue, isModel: Bool) {
        settled = settled + taken
        guard isModel else { return }
        // What was tried stands in an envelope.
        let output = output["output"] ?? output
        if output["usage"] == .null { knowsTokens = false }
        if output["cost_microdollars"] == .null { knowsMoney = false }
    }

    /// Takes down what an answer took that the strategy itself had asked for.
    func note(_ output: JSONValue) {
        questions += 1
        let input = output["usage"]?["input_tokens"]?.int
        let answer = output["usage"]?["output_tokens"]?.int
        if let usage, let input, let answer {
            self.usage = usage + ChatUsage(inputTokens: input, outputTokens: answer)
        } else {
            usage = nil
        }
    }

    /// Where it stands, for the output of the run.
    var value: JSONObject {
        var object = JSONObject()
        object["questions"] = .integer(questions)
        object["calls"] = .integer(calls)
        object["usage"] =
            usage.map { ["input_tokens": .integer($0.inputTokens), "output_tokens": .integer($0.outputTokens)] } ?? .null
        object["cost_microdollars"] = knowsMoney ? .integer(settled.microdollars) : .null
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
                "The most that the run may cost, in millionths of a dollar."),
            seconds: optional("max_seconds", .integer(RunBudget.Limits.seconds), "The most seconds of one attempt."))
    }

    /// The bounds of a run of any strategy.
    mutating func runBudget() -> RunBudget.Limits {
        RunBudget.Limits(
            calls: optional("max_calls", .integer(1...Journal.stepLimit), "The most calls of tools."),
            tokens: optional(
                "max_tokens", .integer(RunBudget.Limits.tokens),
                "The most tokens that models may take in it, those of children that it waits for included."),
            microdollars: optional(
                "max_cost_microdollars", .integer(RunBudget.Limits.microdollars),
                "The most that models may cost in it, in millionths of a dollar; beyond it nothing is asked any more."))
    }
}
