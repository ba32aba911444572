// What awaits the word of a person, and the answer to it.

import Base
import Execution
import HTTP
import JSON
import Tenancy

/// Which part of the list of approvals a caller wants.
private struct ListApprovals: Sendable {
    let limit: Int
    let cursor: String?

    private static let name = "approvals"

    static let query = Query<ListApprovals>("ListApprovals") { parameters in
        ListApprovals(
            limit: parameters.defaulted("limit", .integer(1...100), 20, "How many at most."),
            cursor: parameters.optional("cursor", .string(1...1_000), "The `next_cursor` of the page before."))
    }

    func place(for scope: TenantScope) throws(Fault) -> Approval.Place? {
        guard let cursor else { return nil }
        let bytes: [UInt8] = try Cursor.open(cursor, query: ListApprovals.name, for: Cursor.Holder(scope))
        let parts = String(decoding: bytes, as: UTF8.self).split(separator: " ", maxSplits: 1)
        guard parts.count == 2, let execution = ExecutionID(parts[0]) else {
            throw .invalid("cursor", "format", "This is no cursor of this list.")
        }
        return Approval.Place(execution: execution, step: String(parts[1]))
    }

    static func seal(_ place: Approval.Place, for scope: TenantScope) -> String {
        Cursor.seal(Array("\(place.execution) \(place.step)".utf8), query: name, for: Cursor.Holder(scope))
    }
}

extension Endpoint {
    static func approvals(_ services: Services) -> [Endpoint] {
        let executions = services.core.executions
        return [
            .asking(
                "/v1/approvals", "List what awaits the word of a person", ExecutionsRead.self, ListApprovals.query,
                answers: Approval.output.page
            ) { call, permit, query throws(Fault) in
                let part = try await executions.approvals(
                    after: try query.place(for: permit.scope), limit: query.limit, permit)
                return Page(part.elements, nextCursor: part.next.map { ListApprovals.seal($0, for: permit.scope) })
            },
            .taking(
                .post, "/v1/executions/{execution_id}/answer",
                "Answer what an execution asks people; where it names nobody, this needs executions:write besides",
                ExecutionsRead.self,
                AnswerApproval.input, status: 202, answers: Approval.output
            ) { call, permit, input throws(Fault) in
                try await executions.answer(try call.id(0), input, permit)
            },
        ]
    }
}
