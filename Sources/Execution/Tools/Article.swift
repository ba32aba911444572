// What `write_blog` gives: an article in its parts, and put together as Markdown.

import Base
import JSON

/// An article, as a step's output.
struct Article {
    /// A part under a heading.
    struct Section {
        let heading: String
        let text: String

        static let output = Output<Section>(
            "ArticleSection", "A part of an article.",
            [.field("heading", "Its heading.") { $0.heading }, .field("text", "Its text, in Markdown.") { $0.text }])
    }

    let title: String
    let summary: String
    let sections: [Section]
    let questions: Int
    let usage: ChatUsage?
    let microdollars: Int?

    /// The whole article.
    var markdown: String {
        (["# \(title)", summary] + sections.flatMap { ["## \($0.heading)", $0.text] }).joined(separator: "\n\n") + "\n"
    }

    static let output = Output<Article>(
        "WriteBlogOutput", "An article.",
        [
            .field("title", "Its title.") { $0.title },
            .field("summary", "What it says, in short.") { $0.summary },
            .list("sections", "Its parts.", Section.output) { $0.sections },
            .field("markdown", "The whole, in Markdown.") { $0.markdown },
            .field("words", "Its words.") { $0.markdown.split(whereSeparator: \.isWhitespace).count },
            .field("questions", "How often the model was asked.") { $0.questions },
            .objectOrNull("usage", "Tokens; null when the provider does not count them.", ChatUsage.output) { $0.usage },
            .field("cost_microdollars", "Millionths of a dollar; null when tokens or prices are not known.") { $0.microdollars },
        ])
}
