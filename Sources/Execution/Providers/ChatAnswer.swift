// What a model answered, with what it took. What the server does not count is not guessed: usage and cost are then unknown.

import Base
import JSON

/// An answer of a model.
public struct ChatAnswer: Sendable, Equatable {
    /// Why the model stopped.
    public enum Finish: String, Sendable, CaseIterable, JSONRepresentable {
        /// It had said all.
        case stop
        /// The most tokens were reached: the answer is cut.
        case length
        /// It wants tools called.
        case toolCalls = "tool_calls"
        /// The server held the answer, or a part of it, back.
        case contentFilter = "content_filter"
        /// The server did not say.
        case unknown
    }

    /// `nil` when it said nothing.
    public var content: String?
    public var toolCalls: [ChatToolCall]
    public var finish: Finish
    /// Why the model would not answer; `nil` when it did.
    public var refusal: String?
    /// The model by the server's own word.
    public var model: String?
    public var usage: ChatUsage?
}

/// Tokens as the server counted them.
public struct ChatUsage: Sendable, Equatable {
    public var inputTokens: Int
    public var outputTokens: Int

    public init(inputTokens: Int, outputTokens: Int) {
        self.inputTokens = inputTokens
        self.outputTokens = outputTokens
    }

    public var totalTokens: Int { inputTokens + outputTokens }

    static func + (left: ChatUsage, right: ChatUsage) -> ChatUsage {
        ChatUsage(inputTokens: left.inputTokens + right.inputTokens, outputTokens: left.outputTokens + right.outputTokens)
    }

    /// Reads the `usage` of an answer; `nil` unless both numbers are there.
    init?(_ value: JSONValue?) {
        guard let input = value?["prompt_tokens"]?.int, let output = value?["completion_tokens"]?.int,
            ChatUsage.tokens.contains(input), ChatUsage.tokens.contains(output)
        else { return nil }
        self.init(inputTokens: input, outputTokens: output)
    }

    /// A count beyond this is no count.
    private static let tokens = 0...1_000_000_000

    static let output = Output<ChatUsage>(
        "TokenUsage", "Tokens as the provider counted them.",
        [
            .field("input_tokens", "Tokens of what was asked.") { $0.inputTokens },
            .field("output_tokens", "Tokens of the answer.") { $0.outputTokens },
        ])
}
