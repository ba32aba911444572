// A tool whose lasting failures are an answer, so that a model can be told of them and the journal answers with the same when the run is
// repeated. What may pass is a failure as ever: the attempt ends, and the next one comes back to the same step.

import Base
import JSON
import Postgres

/// A tool that is tried: its output is `output`, or `error`.
struct TriedTool<Base: Tool>: Tool {
    let base: Base

    var name: String { base.name }
    var version: String { base.version }
    var summary: String { base.summary }
    var category: String { base.category }
    var effect: Effect { base.effect }
    var configuration: Input<Base.Arguments> { base.configuration }
    var arguments: Input<Base.Arguments> { base.arguments }
    var output: SchemaNode { SchemaNode(.any) }
    var examples: [ToolExample] { [] }
    var fixedNames: Set<String> { base.fixedNames }
    var keepsConfiguration: Bool { base.keepsConfiguration }

    func effect(of arguments: Base.Arguments) -> Effect { base.effect(of: arguments) }

    func redacted(_ input: JSONObject) -> JSONObject { base.redacted(input) }

    func call(_ arguments: Base.Arguments, in context: ToolContext) async throws(StepFailure) -> JSONValue {
        do throws(StepFailure) {
            return ["output": try await base.call(arguments, in: context)]
        } catch {
            guard case .permanent = error.kind, error.fault.code != .cancelled, error.fault.code != .leaseLost else {
                throw error
            }
            return ["error": .object(error.fault.toldToModel)]
        }
    }
}

/// What a transactional tool did before it failed is undone, and that it failed is written down.
extension TriedTool: TransactionalTool where Base: TransactionalTool {
    func call(
        _ arguments: Base.Arguments, in context: ToolContext, within session: Session
    ) async throws(StepFailure) -> JSONValue {
        try await TriedTool.run(TriedStatements.begin, in: session)
        do throws(StepFailure) {
            return ["output": try await base.call(arguments, in: context, within: session)]
        } catch {
            guard case .permanent = error.kind, error.fault.code != .cancelled, error.fault.code != .leaseLost else {
                throw error
            }
            try await TriedTool.run(TriedStatements.undo, in: session)
            return ["error": .object(error.fault.toldToModel)]
        }
    }

    private static func run(_ statement: Statement<Void>, in session: Session) async throws(StepFailure) {
        do throws(Fault) {
            try await session.execute(statement)
        } catch {
            throw StepFailure(error)
        }
    }
}

private enum TriedStatements {
    static let begin = Statement<Void>("begin a trial", "SAVEPOINT tried")
    static let undo = Statement<Void>("undo a trial", "ROLLBACK TO SAVEPOINT tried")
}

extension Fault {
    /// What a model is told of a failure.
    var toldToModel: JSONObject {
        var object = JSONObject()
        object["code"] = .string(code.rawValue)
        object["message"] = .string(message)
        if !fields.isEmpty { object["fields"] = .array(fields.map { .string("\($0.path): \($0.message)") }) }
        return object
    }
}
