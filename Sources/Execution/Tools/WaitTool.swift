// `wait`: lets a run rest for a time, or until a moment. It holds no worker meanwhile. Bound: `secondLimit`.

import Base
import JSON

/// Waits.
struct WaitTool: Tool {
    /// A year.
    static let secondLimit = 366 * 86_400

    struct Arguments: Sendable {
        let seconds: Int?
        let until: Timestamp?
    }

    let name = "wait"
    let version = "1.0.0"
    let summary = "Lets the run rest for a time, or until a moment."
    let category = "control"
    let effect = Effect.idempotent

    var configuration: Input<Arguments> { arguments }

    let arguments = Input<Arguments>("WaitArguments", "How long.") { fields in
        let seconds = fields.optional("seconds", .integer(0...WaitTool.secondLimit), "For so many seconds.")
        let until = fields.optional("until", .timestamp, "Or until then.")
        fields.refuse("until", .duplicate, "Either seconds or until.", when: seconds != nil && until != nil)
        return Arguments(seconds: seconds, until: until)
    }

    var output: SchemaNode {
        SchemaNode(.object([SchemaNode.Property("waited_until", SchemaNode(.string(length: nil, format: "date-time")))]))
    }

    let examples = [ToolExample("Rest for a second", configuration: ["seconds": 1])]

    func call(_ arguments: Arguments, in context: ToolContext) async throws(StepFailure) -> JSONValue {
        let now = context.clock.now
        if case .elapsed? = context.resumption { return ["waited_until": .string(now.rfc3339)] }
        guard arguments.seconds != nil || arguments.until != nil else { throw .missing("seconds") }
        let moment = arguments.until ?? Timestamp(microseconds: now.microseconds + Int64(arguments.seconds ?? 0) * 1_000_000)
        guard moment > now else { return ["waited_until": .string(now.rfc3339)] }
        guard moment.microseconds - now.microseconds <= Int64(WaitTool.secondLimit) * 1_000_000 else {
            throw StepFailure(.invalid("until", "range", "This is more than a year away."), .permanent)
        }
        throw StepFailure.suspended(.until(moment))
    }
}
