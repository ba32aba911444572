// What awaits the word of a person, and how it gets it: an answer is a signal that nobody can send otherwise, with who sent it. Only
// somebody whom the blueprint names may answer, in his own name, and the first answer counts.

import Base
import JSON
import Postgres
import Tenancy

extension Executions {
    /// What awaits an answer, of the newest executions first.
    /// - Parameters:
    ///   - after: where an earlier part of the list ended.
    ///   - limit: how many at most, 1 to 100.
    public func approvals(
        after: Approval.Place? = nil, limit: Int = 20, _ permit: Permit<ExecutionsRead>
    ) async throws(Fault) -> Listing<Approval, Approval.Place> {
        precondition(Listing<Approval, Approval.Place>.limits.contains(limit), "the limit of a list is checked at the door")
        let found = try await database.slow(permit.scope.database).query(
            ApprovalStatements.list, after?.execution, after?.step, limit + 1)
        return Listing(found, limit: limit) { Approval.Place(execution: $0.execution, step: $0.step) }
    }

    /// Answers. Who is named needs no right to change executions; where nobody is, everybody who has it may.
    /// - Throws: `.forbidden` for a key, for somebody who acts as another, and for whom the blueprint does not name; `.notFound`;
    ///   `.invalidState` when nothing waits; `.invalid` naming `step` when it does not say which.
    public func answer(
        _ id: ExecutionID, _ answer: AnswerApproval, _ permit: Permit<ExecutionsRead>
    ) async throws(Fault) -> Approval {
        guard let user = permit.scope.user, permit.scope.impersonator == nil else {
            throw Fault(.forbidden, "An approval is answered by a person in his own name.")
        }
        let answered = try await database.session(permit.scope.database) { session throws(Fault) -> Approval in
            try await session.execute(RunStatements.lockQueue, id)
            _ = try found(try await session.first(ExecutionStatements.exists, id))
            let approval = try Executions.choose(
                try await session.query(ApprovalStatements.waiting, id, answer.step), answer.step)
            guard let role = try await session.first(ApprovalStatements.role, user), approval.approvers.include(user, role) else {
                throw Fault(.forbidden, "This approval is for others to answer.")
            }
            if approval.approvers.isAnybody { _ = try permit.scope.permit(ExecutionsWrite.self) }
            let payload: JSONValue = ["approved": .bool(answer.isApproved), "comment": .string(answer.comment.storable)]
            let signal = "\(approval.signal)#\(approval.wait)"
            // One for each time that a step waits: common signals do not crowd it out.
            let count = try await session.execute(
                ChangeStatements.signal, id, signal, approval.signal, JSONBytes(payload.bytes), .max, user.description,
                permit.audit(.executionAnswered))
            if count == 0 { throw try await Executions.refusal(of: signal, to: id, session) }
            try await session.execute(ChangeStatements.wake, id, approval.signal)
            return approval
        }
        raise()
        return answered
    }

    /// Why an answer was not kept.
    private static func refusal(of signal: String, to id: ExecutionID, _ session: Session) async throws(Fault) -> Fault {
        guard let known = try await session.first(ChangeStatements.signalState, id, signal), !known.isKept else {
            return Fault(.invalidState, "This approval was answered already.")
        }
        return Fault(.invalidState, "An execution that is \(known.state.rawValue) takes no answers.")
    }

    private static func choose(_ waiting: [Approval], _ step: String?) throws(Fault) -> Approval {
        guard let approval = waiting.first else {
            throw Fault(.invalidState, step == nil ? "Nothing here waits for an answer." : "This step waits for no answer.")
        }
        guard waiting.count == 1 else {
            throw .invalid("step", "required", "Several steps wait for an answer: say which.")
        }
        return approval
    }
}

enum ApprovalStatements {
    static let all: [any AnyStatement] = [list, waiting, role, isAnswerable]

    private static let columns = """
        s.execution_id, s.step_key, s.input, s.started_at, s.wait, s.waits
        """
    /// What waits, and was not answered since.
    private static let unanswered = """
        s.status = 'waiting' AND s.tool = '\(HumanApprovalTool.toolName)' AND NOT EXISTS (
            SELECT FROM execution_signals g
            WHERE g.execution_id = s.execution_id AND g.name = s.wait ->> 'signal' AND g.taken_by IS NULL)
        """

    static let list = Statement<Approval, ExecutionID?, String?, Int>(
        "list approvals",
        """
        SELECT \(columns) FROM execution_steps s
        WHERE \(unanswered) AND ($1 IS NULL OR (s.execution_id, s.step_key) < ($1, $2))
        ORDER BY s.execution_id DESC, s.step_key DESC LIMIT $3
        """, repeatable: true, decode: approval)

    /// Those of one execution, or the one step; more than one is too many.
    static let waiting = Statement<Approval, ExecutionID, String?>(
        "approvals of an execution",
        """
        SELECT \(columns) FROM execution_steps s
        WHERE \(unanswered) AND s.execution_id = $1 AND ($2 IS NULL OR s.step_key = $2)
        ORDER BY s.step_key LIMIT 2
        """, repeatable: true, decode: approval)

    /// The role of somebody who may act.
    static let role = Statement<RoleReference, UserID>(
        "role of an approver", "SELECT role, role_id FROM users WHERE id = $1 AND state = 'active'", repeatable: true
    ) { row throws(Fault) in try RoleReference(role: row.value(0), id: row.value(1)) }

    /// Whether an active person holds the rights `$6`, as the roles `$5` do, and is meant: everybody by `$1`, or by id or by role.
    static let isAnswerable = Statement<Bool, Bool, [UserID], [String], [RoleID], [String], [String]>(
        "whether an approval can be answered",
        """
        SELECT EXISTS (
            SELECT FROM users u LEFT JOIN roles r ON r.id = u.role_id
            WHERE u.state = 'active' AND (u.role = ANY ($5) OR r.scopes @> $6)
                AND ($1 OR u.id = ANY ($2) OR u.role = ANY ($3) OR u.role_id = ANY ($4)))
        """, repeatable: true
    ) { row throws(Fault) in try row.value(0) }

    private static func approval(_ row: borrowing RowReader) throws(Fault) -> Approval {
        let arguments = try HumanApprovalTool().arguments.decode(try row.value(2, as: JSONBytes.self).bytes)
        guard
            case .signal(let name, let deadline)? = Wait(
                stored: try JSONValue(parsing: try row.value(4, as: JSONBytes.self).bytes))
        else { throw Fault(.internalError, "The server could not do it.", cause: "a step waits for no signal") }
        return Approval(
            execution: try row.value(0), step: try row.value(1), message: arguments.message, details: arguments.details,
            approvers: arguments.approvers, askedAt: try row.value(3), deadline: deadline, signal: name, wait: try row.value(5))
    }
}
