// `write_blog`: an article in parts, written by a model: an outline by a schema first, then each section with the outline before its eyes.
// A source that is too long is condensed first. The words are the model's; without a provider there are none.
// Bounds: `sections`, those of `Condensation`, the timeout of each question.

import Base
import JSON

/// Writes an article.
struct WriteBlogTool: Tool {
    static let sections = 1...12
    static let words = 100...5_000

    struct Arguments: Sendable {
        let topic: String
        let source: String?
        let previous: JSONValue?
        let audience: String?
        let tone: String?
        let keywords: [String]
        let language: String?
        let sections: Int
        let words: Int
        let timeoutSeconds: Int
    }

    private let provider: ChatProvider?

    init(provider: ChatProvider?) {
        self.provider = provider
    }

    let name = "write_blog"
    let version = "1.0.0"
    let summary = "Writes an article with title, summary and sections with a language model."
    let category = "language"
    let effect = Effect.idempotent
    let configuration = WriteBlogTool.declaration("WriteBlogConfiguration", isCall: false)
    let arguments = WriteBlogTool.declaration("WriteBlogArguments", isCall: true)
    var output: SchemaNode { Article.output.schema }

    let examples = [
        ToolExample(
            "Write about a topic", configuration: ["tone": "friendly", "sections": 3, "words": 400],
            input: ["topic": "Islands that were made by volcanoes"])
    ]

    private static func declaration(_ name: String, isCall: Bool) -> Input<Arguments> {
        Input<Arguments>(name, "An article to write.") { fields in
            Arguments(
                topic: isCall
                    ? fields.required("topic", .string(1...1_000), "What it is about.")
                    : fields.optional("topic", .string(1...1_000), "What it is about.") ?? "",
                source: fields.optional("source", .string(1...Condensation.textBytes), "A text to write from."),
                previous: fields.optional(
                    "previous", .json(bytes: Journal.stepOutputBytes),
                    "The output of the tool before, which stands in for a source that is not given."),
                audience: fields.optional("audience", .string(1...200, format: .line), "Who is to read it."),
                tone: fields.optional("tone", .string(1...200, format: .line), "How it is to sound."),
                keywords: fields.defaulted(
                    "keywords", .array(of: .string(1...100, format: .line), 0...20), [], "Words that it is to hold."),
                language: fields.optional("language", .string(1...60, format: .line), "The language; else that of the topic."),
                sections: fields.defaulted("sections", .integer(sections), 4, "How many sections."),
                words: fields.defaulted("words", .integer(words), 800, "About how many words in all."),
                timeoutSeconds: fields.defaulted(
                    "timeout", .integer(LLMChatTool.timeoutSeconds), 120, "Seconds that one question to the model may take."))
        }
    }

    func redacted(_ input: JSONObject) -> JSONObject {
        var result = input
        result["previous"] = nil
        return result
    }

    // MARK: The line of an article

    func call(_ arguments: Arguments, in context: ToolContext) async throws(StepFailure) -> JSONValue {
        var session = try ModelSession(provider, context)
        var source = arguments.source ?? arguments.previous?.plainText
        if let text = source {
            source = try await Condensation.reduce(
                text,
                instruction: """
                    You condense a part of a source for an article about \(arguments.topic). Keep facts, names and numbers, and add \
                    nothing of your own. Write at most 250 words.
                    """, timeoutSeconds: arguments.timeoutSeconds, &session)
        }
        let outline = try await outline(arguments, source, &session)
        var parts: [Article.Section] = []
        for (number, heading) in outline.headings.enumerated() {
            let text = try await section(number, heading, outline, arguments, source, &session)
            parts.append(Article.Section(heading: heading.title, text: text))
        }
        return try Article.output.value(
            Article(
                title: outline.title, summary: outline.summary, sections: parts, questions: session.calls, usage: session.usage,
                microdollars: session.microdollars))
    }

    private struct Outline {
        struct Heading {
            let title: String
            let points: [String]
        }

        let title: String
        let summary: String
        let headings: [Heading]

        /// - Throws: transient when the model did not keep to the form.
        init(_ value: JSONValue, limit: Int) throws(StepFailure) {
            let headings = (value["sections"]?.array ?? []).compactMap { section -> Heading? in
                guard let title = section["heading"]?.string?.trimmed, !title.isEmpty else { return nil }
                return Heading(title: title.cut(bytes: 300), points: (section["points"]?.array ?? []).compactMap(\.string))
            }
            guard let title = value["title"]?.string?.trimmed, !title.isEmpty, let summary = value["summary"]?.string?.trimmed,
                !headings.isEmpty
            else {
                throw StepFailure(Fault(.outboundFailed, "The model gave no outline of the form it was asked for."), .transient)
            }
            self.title = title.cut(bytes: 300)
            self.summary = summary.cut(bytes: 2_000)
            self.headings = Array(headings.prefix(limit))
        }
    }

    private static let text: JSONValue = ["type": "string"]
    private static let outlineSchema: JSONValue = [
        "type": "object", "additionalProperties": false, "required": ["title", "summary", "sections"],
        "properties": [
            "title": text, "summary": text,
            "sections": [
                "type": "array",
                "items": [
                    "type": "object", "additionalProperties": false, "required": ["heading", "points"],
                    "properties": ["heading": text, "points": ["type": "array", "items": text]],
                ],
            ],
        ],
    ]

    private static func manner(_ arguments: Arguments) -> String {
        var words = ["You write articles for a blog."]
        if let audience = arguments.audience { words.append("The readers: \(audience).") }
        if let tone = arguments.tone { words.append("The tone: \(tone).") }
        if !arguments.keywords.isEmpty { words.append("Use these words: \(arguments.keywords.joined(separator: ", ")).") }
        words.append(arguments.language.map { "Write in \($0)." } ?? "Write in the language of the topic.")
        return words.joined(separator: " ")
    }

    private func outline(
        _ arguments: Arguments, _ source: String?, _ session: inout ModelSession
    ) async throws(StepFailure) -> Outline {
        var request = ChatRequest([
            ChatMessage(.system, WriteBlogTool.manner(arguments)),
            ChatMessage(
                .user,
                """
                Make the outline of an article about: \(arguments.topic)
                It has \(arguments.sections) sections. Answer in JSON with title, summary (one or two sentences) and sections, each \
                with a heading and its points.\(source.map { "\n\nWrite from this source alone:\n\n\($0)" } ?? "")
                """),
        ])
        request.responseSchema = WriteBlogTool.outlineSchema
        let value = try await session.json(request, timeoutSeconds: arguments.timeoutSeconds)
        return try Outline(value, limit: arguments.sections)
    }

    private func section(
        _ number: Int, _ heading: Outline.Heading, _ outline: Outline, _ arguments: Arguments, _ source: String?,
        _ session: inout ModelSession
    ) async throws(StepFailure) -> String {
        let headings = outline.headings.map { "- " + $0.title }.joined(separator: "\n")
        let request = ChatRequest([
            ChatMessage(.system, WriteBlogTool.manner(arguments)),
            ChatMessage(
                .user,
                """
                The article "\(outline.title)" has these sections:
                \(headings)

                Write section \(number + 1), "\(heading.title)", in about \(arguments.words / outline.headings.count) words of Markdown \
                without its heading. Its points: \(heading.points.joined(separator: "; ")).\
                \(source.map { "\n\nWrite from this source alone:\n\n\($0)" } ?? "")
                """),
        ])
        return try await session.text(request, timeoutSeconds: arguments.timeoutSeconds)
    }
}
