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
            return try TriedTool.told(error)
        }
    }

    /// The answer that a lasting failure is.
    /// - Throws: what is no answer.
    private static func told(_ error: StepFailure) throws(StepFailure) -> JSONValue {
        guard case .permanent = error.kind, error.fault.code != .cancelled, error.fault.code != .leaseLost else { throw error }
        return ["error": .object(error.fault.toldToModel)]
    }

    /// Does what can be undone. What it did before it failed is undone, and that it failed is written down.
    private static func attempt(
        in session: Session, _ body: () async throws(StepFailure) -> JSONValue
    ) async throws(StepFailure) -> JSONValue {
        try await run(TriedStatements.begin, in: session)
        do throws(StepFailure) {
            return ["output": try await body()]
        } catch {
            let answer = try told(error)
            try await run(TriedStatements.undo, in: session)
            return answer
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

extension TriedTool: TransactionalTool where Base: TransactionalTool {
    func call(
        _ arguments: Base.Arguments, in context: ToolContext, within session: Session
    ) async throws(StepFailure) -> JSONValue {
        try await TriedTool.attempt(in: session) { () throws(StepFailure) in
            try await base.call(arguments, in: context, within: session)
        }
    }
}

extension TriedTool: StagedTool where Base: StagedTool {
    func stage(_ arguments: Base.Arguments, in context: ToolContext) async throws(StepFailure) -> StagedWrite {
        do throws(StepFailure) {
            let write = try await base.stage(arguments, in: context)
            return { session throws(StepFailure) in
                try await TriedTool.attempt(in: session) { () throws(StepFailure) in try await write(session) }
            }
        } catch {
            let answer = try TriedTool.told(error)
            return { _ throws(StepFailure) in answer }
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
