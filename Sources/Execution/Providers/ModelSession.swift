// Several questions to a model inside one step: counts what they take, and takes no answer that is none. Each question has an
// idempotency key of its own. Bound: `callLimit`.

import Base
import JSON

/// The questions of one step.
struct ModelSession {
    /// The most questions of one step.
    static let callLimit = 200

    /// What an answer may have where neither caller nor tenant bounds it, when it has to be paid from a budget.
    static let budgetedTokens = 4_096

    private let provider: ChatProvider
    private let context: ToolContext
    private(set) var calls = 0
    private var counted: ChatUsage? = ChatUsage(inputTokens: 0, outputTokens: 0)

    /// - Throws: `.toolNotAvailable` when there is no provider.
    init(_ provider: ChatProvider?, _ context: ToolContext) throws(StepFailure) {
        guard let provider else { throw ModelSession.unavailable }
        self.provider = provider
        self.context = context
    }

    /// What tools that need a model fail with where there is none.
    static let unavailable = StepFailure(
        Fault(.toolNotAvailable, "This server has no provider of models: its operator sets INSULA_LLM_URL and INSULA_LLM_MODEL."),
        .permanent)

    /// What all questions took; `nil` as soon as one was not counted by the provider.
    var usage: ChatUsage? { counted }
    /// What all questions cost; `nil` when it is not known.
    var microdollars: Int? { counted.flatMap { provider.settings.microdollars($0) } }

    /// Asks, whatever comes.
    mutating func ask(_ request: ChatRequest, timeoutSeconds: Int) async throws(StepFailure) -> ChatAnswer {
        guard calls < ModelSession.callLimit else {
            throw StepFailure(
                Fault(.limitReached, "This takes more than \(ModelSession.callLimit) questions to the model."), .permanent)
        }
        try context.checkBudget(isCounted: usage != nil, isPriced: calls == 0 || microdollars != nil)
        calls += 1
        let key = calls == 1 ? context.idempotencyKey : "\(context.idempotencyKey)#\(calls)"
        let request = try await paid(request, key)
        let answer: ChatAnswer
        do throws(StepFailure) {
            answer = try await provider.ask(
                request, idempotencyKey: key, timeoutMilliseconds: context.milliseconds(atMost: timeoutSeconds * 1000))
        } catch {
            // What was never sent, or refused at once, costs nothing; of everything else nobody knows.
            let isFree = error.kind == .permanent && error.fault.code != .cancelled || error.fault.code == .outboundUnreachable
            await context.store?.settle(key, microdollars: isFree ? 0 : nil)
            throw error
        }
        note(answer)
        await context.store?.settle(key, microdollars: answer.usage.flatMap { provider.settings.microdollars($0) })
        return answer
    }

    /// Puts aside what a question may cost, where the tenant has a budget.
    /// - Returns: the question, its answer bounded then.
    /// - Throws: `.limitReached` when the budget does not hold it, or can't be kept since nobody says what models cost.
    private func paid(_ request: ChatRequest, _ key: String) async throws(StepFailure) -> ChatRequest {
        guard let store = context.store else { return request }
        var bounded = request
        bounded.maxTokens = request.maxTokens ?? ModelSession.budgetedTokens
        // No tokenizer makes more tokens of a text than it has bytes; two bytes a token is beyond what any makes of prose.
        let bytes: Int
        do throws(Fault) {
            bytes = try request.body(model: provider.settings.model, isStreaming: false).count
        } catch {
            throw StepFailure(error)
        }
        let usage = ChatUsage(inputTokens: bytes / 2, outputTokens: bounded.maxTokens ?? 0)
        let most = provider.settings.microdollars(usage)
        guard try await store.reserve(key, microdollars: most ?? 0) else { return request }
        guard most != nil else {
            await store.settle(key, microdollars: 0)
            throw StepFailure(
                Fault(
                    .limitReached, "The tenant's budget for models can't be kept: the operator does not say what they cost."),
                .permanent)
        }
        return bounded
    }

    private mutating func note(_ answer: ChatAnswer) {
        var metadata = JSONObject()
        metadata["model"] = .string(answer.model ?? provider.settings.model)
        metadata["finish_reason"] = .string(answer.finish.rawValue)
        if let usage = answer.usage {
            metadata["input_tokens"] = .integer(usage.inputTokens)
            metadata["output_tokens"] = .integer(usage.outputTokens)
            context.spend(
                tokens: usage.inputTokens + usage.outputTokens, microdollars: provider.settings.microdollars(usage) ?? 0)
        }
        context.write(.info, "asked a model", metadata)
        counted = answer.usage.flatMap { usage in counted.map { $0 + usage } }
    }

    /// Asks for text.
    /// - Throws: permanent when the model refuses or is cut off, transient when it says nothing.
    mutating func text(_ request: ChatRequest, timeoutSeconds: Int) async throws(StepFailure) -> String {
        let answer = try await ask(request, timeoutSeconds: timeoutSeconds)
        try answer.checkWhole()
        let text = answer.content?.trimmed ?? ""
        guard !text.isEmpty else { throw StepFailure(Fault(.outboundFailed, "The model said nothing."), .transient) }
        return text
    }

    /// Asks for JSON.
    /// - Throws: as `text`; transient when the answer is no JSON.
    mutating func json(_ request: ChatRequest, timeoutSeconds: Int) async throws(StepFailure) -> JSONValue {
        let answer = try await ask(request, timeoutSeconds: timeoutSeconds)
        try answer.checkWhole()
        return try answer.json()
    }
}

extension ChatAnswer {
    /// - Throws: permanent when the model refused, was held back or was cut off.
    func checkWhole() throws(StepFailure) {
        if let refusal {
            throw StepFailure(Fault(.outboundRefused, "The model refuses: \(refusal.cut(bytes: 300))"), .permanent)
        }
        switch finish {
        case .contentFilter: throw StepFailure(Fault(.outboundRefused, "The provider held the answer back."), .permanent)
        case .length:
            throw StepFailure(Fault(.limitReached, "The model's answer is cut: it reached the most tokens."), .permanent)
        case .stop, .toolCalls, .unknown: break
        }
    }

    /// The content as JSON, which some models put into a fence.
    /// - Throws: transient when it is none.
    func json() throws(StepFailure) -> JSONValue {
        var text = (content ?? "").trimmed
        if text.hasPrefix("```"), text.hasSuffix("```"), let end = text.firstIndex(of: "\n") {
            text = String(text[text.index(after: end)...].dropLast(3))
        }
        do throws(Fault) {
            return try JSONValue(parsing: Array(text.utf8))
        } catch {
            throw StepFailure(Fault(.outboundFailed, "The model's answer is no JSON."), .transient)
        }
    }
}
