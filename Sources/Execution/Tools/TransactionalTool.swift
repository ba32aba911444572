// A tool whose whole effect is in our own database. Its call and the journal's word that the step succeeded are one transaction, so that
// the effect is had exactly once, whatever crashes when.

import Base
import JSON
import Postgres

/// A tool that works in the transaction which finishes its step.
public protocol TransactionalTool: Tool {
    /// Does it, in the tenant's scope. The transaction may be undone and the call repeated, so that nothing outside may be touched; it
    /// has to be short (`Limits.idleInTransactionMilliseconds`).
    func call(
        _ arguments: Arguments, in context: ToolContext, within session: Session
    ) async throws(StepFailure) -> JSONValue
}

extension TransactionalTool {
    /// What a second call does: nothing, since the first is undone unless it was written down.
    public var effect: Effect { .idempotent }

    public func call(_ arguments: Arguments, in context: ToolContext) async throws(StepFailure) -> JSONValue {
        preconditionFailure("a transactional tool is called within a session")
    }

    /// Makes a call ready that can be made later, within a session.
    func prepareWithin(_ input: JSONObject) throws(Fault) -> PreparedCall {
        let decoded = try arguments.decode(JSONValue.object(input).bytes)
        return PreparedCall(
            effect: effect(of: decoded),
            way: .within { context, session throws(StepFailure) in
                try await self.call(decoded, in: context, within: session)
            })
    }
}
