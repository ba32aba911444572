// `template`: fills places in a text from JSON. Bounds: those of `Template`, and for the input what a step may come to.

import Base
import JSON
import Loop

/// Fills a template.
struct TemplateTool: Tool {
    struct Arguments: Sendable {
        let template: Template?
        let escape: Template.Filter
        let data: JSONValue
    }

    private let pool: BlockingPool

    init(pool: BlockingPool) {
        self.pool = pool
    }

    let name = "template"
    let version = "1.0.0"
    let summary = "Fills places in a text, `{{ expression }}` or `{{ expression |> html }}`, from JSON by JMESPath."
    let category = "data_processing"
    let effect = Effect.pure
    let configuration = TemplateTool.declaration("TemplateConfiguration", isCall: false)
    let arguments = TemplateTool.declaration("TemplateArguments", isCall: true)
    var output: SchemaNode { TemplateTool.answer.schema }

    let examples = [
        ToolExample(
            "Greet, with a default",
            configuration: ["template": "Dear {{ name || 'friend' }}, you have {{ length(mails) }} mails."],
            input: ["data": ["mails": ["a", "b"]]]),
        ToolExample(
            "A line of HTML with a link",
            configuration: ["template": "<a href=\"/find?q={{ word |> url }}\">{{ word }}</a>", "escape": "html"],
            input: ["data": ["word": "salt & pepper"]]),
    ]

    private static func declaration(_ name: String, isCall: Bool) -> Input<Arguments> {
        Input<Arguments>(name, "A template, and what it is filled from.") { fields in
            let summary: StaticString = "The text: `{{ expression }}` is filled; a value that is null is an error."
            let template =
                isCall
                ? fields.required("template", TemplateShape(), summary)
                : fields.optional("template", TemplateShape(), summary) ?? nil
            return Arguments(
                template: template,
                escape: fields.defaulted(
                    "escape", .enumeration(Template.Filter.self), .text, "The filter of places that name none."),
                data: fields.data())
        }
    }

    private struct Answer {
        let text: String
    }

    private static let answer = Output<Answer>("TemplateOutput", "A filled template.", [.field("text", "The text.") { $0.text }])

    func redacted(_ input: JSONObject) -> JSONObject { input.withoutPrevious }

    func call(_ arguments: Arguments, in context: ToolContext) async throws(StepFailure) -> JSONValue {
        guard let template = arguments.template else { throw .missing("template") }
        let text = try await pool.compute { () throws(Fault) in
            try template.filled(from: arguments.data, standard: arguments.escape)
        }
        return try TemplateTool.answer.value(Answer(text: text))
    }
}
