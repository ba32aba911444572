// Rows for those who run the installation. They want an operator's key; a tenant's credential is refused here, and an operator's key on all
// other rows.

import Base
import HTTP
import JSON
import Tenancy

extension Endpoint {
    /// A row that runs with an operator's permit.
    static func ofOperator(
        _ method: Method, _ path: String, _ summary: String, status: Int = 200,
        _ run: @escaping @Sendable (Call, OperatorPermit) async throws(Fault) -> Void
    ) -> Endpoint {
        var row = Endpoint(method: method, path: path, summary: summary, right: nil, limit: .authentication, status: status) {
            call throws(Fault) in
            guard let permit = call.operatorPermit else { throw Fault(.unauthenticated, "A credential is required.") }
            try await run(call, permit)
        }
        row.isForOperators = true
        return row
    }

    /// One that takes nothing but its path.
    static func ofOperator<Answer>(
        _ method: Method, _ path: String, _ summary: String, answers output: Output<Answer>,
        _ operation: @escaping @Sendable (Call, OperatorPermit) async throws(Fault) -> Answer
    ) -> Endpoint {
        var row = ofOperator(method, path, summary) { call, permit throws(Fault) in
            try call.refuseQuery()
            call.answer(200, output, try await operation(call, permit))
        }
        row.answer = output.schema
        row.isRevised = output.revision != nil
        return row
    }

    /// One that takes a JSON body.
    static func ofOperator<Value, Answer>(
        _ method: Method, _ path: String, _ summary: String, _ input: Input<Value>, status: Int = 200,
        answers output: Output<Answer>,
        _ operation: @escaping @Sendable (Call, OperatorPermit, Value) async throws(Fault) -> Answer
    ) -> Endpoint {
        var row = ofOperator(method, path, summary, status: status) { call, permit throws(Fault) in
            try call.refuseQuery()
            let value = try await call.read(input)
            call.answer(status, output, try await operation(call, permit, value))
        }
        row.body = input.schema
        row.answer = output.schema
        row.isRevised = output.revision != nil
        return row
    }

    /// One that takes parameters in its query.
    static func ofOperator<Value, Answer>(
        _ path: String, _ summary: String, _ query: Query<Value>, answers output: Output<Answer>,
        _ operation: @escaping @Sendable (Call, OperatorPermit, Value) async throws(Fault) -> Answer
    ) -> Endpoint {
        var row = ofOperator(.get, path, summary) { call, permit throws(Fault) in
            let value = try call.read(query)
            call.answer(200, output, try await operation(call, permit, value))
        }
        row.query = query.properties
        row.answer = output.schema
        return row
    }

    /// One that answers without a body.
    static func silentOfOperator(
        _ method: Method, _ path: String, _ summary: String,
        _ operation: @escaping @Sendable (Call, OperatorPermit) async throws(Fault) -> Void
    ) -> Endpoint {
        ofOperator(method, path, summary, status: 204) { call, permit throws(Fault) in
            try call.refuseQuery()
            try await operation(call, permit)
            call.answerEmpty()
        }
    }
}
