// `summarize`: a long text made short by a model. What is longer than the model takes at once is condensed piece by piece first. The words
// are the model's; without a provider there are none. Bounds: those of `Condensation`, the timeout of each question.

import Base
import JSON

/// Makes a text short.
struct SummarizeTool: Tool {
    static let words = 10...2_000

    struct Arguments: Sendable {
        let text: String?
        let previous: JSONValue?
        let words: Int
        let focus: String?
        let language: String?
        let timeoutSeconds: Int
    }

    private let provider: ChatProvider?

    init(provider: ChatProvider?) {
        self.provider = provider
    }

    let name = "summarize"
    let version = "1.0.0"
    let summary = "Summarises a text of any length with a language model."
    let category = "language"
    let effect = Effect.idempotent
    let configuration = SummarizeTool.declaration("SummarizeConfiguration", isCall: false)
    let arguments = SummarizeTool.declaration("SummarizeArguments", isCall: true)
    var output: SchemaNode { Summary.output.schema }

    let examples = [
        ToolExample(
            "Summarise a text", configuration: ["max_words": 50],
            input: ["text": "An island is a piece of land that is surrounded by water on every side."]),
        ToolExample(
            "Summarise what is given in German, about numbers alone", configuration: ["focus": "numbers", "language": "German"],
            input: ["text": "The island has two harbours, three villages and nine hundred sheep."]),
    ]

    private static func declaration(_ name: String, isCall: Bool) -> Input<Arguments> {
        Input<Arguments>(name, "A text to summarise.") { fields in
            let arguments = Arguments(
                text: fields.optional("text", .string(1...Condensation.textBytes), "The text."),
                previous: fields.optional(
                    "previous", .json(bytes: Journal.stepOutputBytes),
                    "The output of the tool before, which stands in for a text that is not given."),
                words: fields.defaulted("max_words", .integer(words), 150, "The most words of the summary."),
                focus: fields.optional("focus", .string(1...500), "What it is to be about."),
                language: fields.optional("language", .string(1...60, format: .line), "The language; else that of the text."),
                timeoutSeconds: fields.defaulted(
                    "timeout", .integer(LLMChatTool.timeoutSeconds), 120, "Seconds that one question to the model may take."))
            fields.refuse(
                "text", .required, "There is no text, and no output of a tool before.",
                when: isCall && arguments.text == nil && arguments.previous == nil)
            return arguments
        }
    }

    func redacted(_ input: JSONObject) -> JSONObject {
        var result = input
        result["previous"] = nil
        return result
    }

    func call(_ arguments: Arguments, in context: ToolContext) async throws(StepFailure) -> JSONValue {
        var session = try ModelSession(provider, context)
        let text = arguments.text ?? arguments.previous?.plainText ?? ""
        let focus = arguments.focus.map { " Keep to this: \($0)." } ?? ""
        let language = arguments.language.map { "Write in \($0)." } ?? "Write in the language of the text."
        let short = try await Condensation.reduce(
            text,
            instruction: """
                You condense a part of a longer text. Keep facts, names and numbers, and add nothing of your own. \
                Write at most 200 words.\(focus) \(language)
                """, timeoutSeconds: arguments.timeoutSeconds, &session)
        var request = ChatRequest([
            ChatMessage(
                .system,
                """
                You summarise the text that you are given. Write at most \(arguments.words) words of plain text and add nothing \
                that is not in it.\(focus) \(language)
                """),
            ChatMessage(.user, short),
        ])
        request.temperature = 0
        let words = try await session.text(request, timeoutSeconds: arguments.timeoutSeconds)
        return try Summary.output.value(
            Summary(
                text: words, sourceBytes: text.utf8.count, questions: session.calls, usage: session.usage,
                microdollars: session.microdollars))
    }
}

/// A summary, as a step's output.
struct Summary {
    let text: String
    let sourceBytes: Int
    let questions: Int
    let usage: ChatUsage?
    let microdollars: Int?

    static let output = Output<Summary>(
        "SummarizeOutput", "A summary.",
        [
            .field("summary", "The summary.") { $0.text },
            .field("words", "Its words.") { $0.text.split(whereSeparator: \.isWhitespace).count },
            .field("source_bytes", "The length of the text.") { $0.sourceBytes },
            .field("questions", "How often the model was asked.") { $0.questions },
            .objectOrNull("usage", "Tokens; null when the provider does not count them.", ChatUsage.output) { $0.usage },
            .field("cost_microdollars", "Millionths of a dollar; null when tokens or prices are not known.") { $0.microdollars },
        ])
}
