// `ping`: says what it was told, and when. It shows that an agent runs at all, and costs nothing.

import Base
import JSON

/// Echoes a message with the time.
struct PingTool: Tool {
    static let messageBytes = 16 << 10

    struct Arguments: Sendable {
        let message: JSONValue?
    }

    let name = "ping"
    let version = "1.0.0"
    let summary = "Says what it was told, and when."
    let category = "diagnostics"
    let effect = Effect.pure

    var configuration: Input<Arguments> { arguments }

    let arguments = Input<Arguments>("PingArguments", "What to say.") { fields in
        Arguments(message: fields.optional("message", .json(bytes: PingTool.messageBytes), "What to say."))
    }

    struct Answer {
        let message: JSONValue?
        let at: Timestamp
    }

    static let answer = Output<Answer>(
        "PingOutput", "What was said.",
        [
            .field("pong", "Always true.") { _ in true },
            .field("message", "What it was told.") { $0.message },
            .field("at", "When, by the clock of the run.") { $0.at },
        ])

    var output: SchemaNode { PingTool.answer.schema }

    let examples = [
        ToolExample("Say hello", configuration: ["message": "hello"]),
        ToolExample("Say what the trigger says", input: ["message": ["any": "JSON"]]),
    ]

    func call(_ arguments: Arguments, in context: ToolContext) async throws(StepFailure) -> JSONValue {
        try PingTool.answer.value(Answer(message: arguments.message, at: context.clock.now))
    }
}

extension Output {
    /// What is written, as a value that can be kept.
    func value(_ value: borrowing Value) throws(StepFailure) -> JSONValue {
        do throws(Fault) {
            return try JSONValue(parsing: bytes(value))
        } catch {
            throw StepFailure(error, .permanent)
        }
    }
}
