// A tool that works for as long as it takes, and has its whole effect in our own database at the end: what it writes and the journal's word that
// the step succeeded are one transaction, so that all of it is written exactly once, or nothing.

import Base
import JSON
import Postgres

/// What a staged tool writes, and what it gives. Within the tenant's scope; it may be undone and never be called again.
public typealias StagedWrite = (Session) async throws(StepFailure) -> JSONValue

/// A tool that writes what it has made ready in the transaction which finishes its step.
public protocol StagedTool: Tool {
    /// Makes everything ready. Nothing that others see is changed here, so that it may be repeated.
    /// - Returns: what is written then, which has to be short (`Limits.idleInTransactionMilliseconds`) and touches nothing outside.
    func stage(_ arguments: Arguments, in context: ToolContext) async throws(StepFailure) -> StagedWrite
}

extension StagedTool {
    /// What a second call does: nothing, since the first is undone unless it was written down.
    public var effect: Effect { .idempotent }

    public func call(_ arguments: Arguments, in context: ToolContext) async throws(StepFailure) -> JSONValue {
        throw StepFailure(Fault(.internalError, "A staged tool is called in two parts."), .permanent)
    }

    /// Makes a call ready that can be made later, in two parts.
    func prepareStaged(_ input: JSONObject) throws(Fault) -> PreparedCall {
        let decoded = try arguments.decode(JSONValue.object(input).bytes)
        return PreparedCall(
            effect: effect(of: decoded),
            way: .staged { context throws(StepFailure) in
                try await self.stage(decoded, in: context)
            })
    }
}
