// Rows whose answer is a stream of lines, each a JSON object (NDJSON). Before each piece the credential is verified anew: who was suspended
// or logged out while he reads gets no further.

import Base
import HTTP
import JSON
import Tenancy

extension Endpoint {
    private static let lines: StaticString = "application/x-ndjson"

    /// An endpoint that answers lines.
    static func streaming<Needed: Permission, Value>(
        _ path: String, _ summary: String, _ needed: Needed.Type, _ query: Query<Value>, _ services: Services,
        _ operation:
            @escaping @Sendable (Call, Permit<Needed>, Value, ([UInt8]) async throws(Fault) -> Void) async throws(Fault) -> Void
    ) -> Endpoint {
        let origins = OwnOrigins(services.configuration)
        var row = Endpoint(method: .get, path: path, summary: summary, right: Needed.right, limit: .standard, status: 200) {
            call throws(Fault) in
            let permit = try call.permit(needed)
            let value = try call.read(query)
            try await operation(call, permit, value) { piece throws(Fault) in
                let scope = try await services.authenticator.scope(of: call, origins: origins)
                _ = try scope.permit(needed, for: call)
                try await call.stream(piece, type: lines)
            }
            call.endStream(type: lines)
        }
        row.query = query.properties
        row.answerType = lines
        return row
    }

    /// The same for operators.
    static func streamingToOperator(
        _ path: String, _ summary: String, _ services: Services,
        _ operation:
            @escaping @Sendable (Call, OperatorPermit, ([UInt8]) async throws(Fault) -> Void) async throws(Fault) -> Void
    ) -> Endpoint {
        var row = Endpoint.ofOperator(.get, path, summary) { call, permit throws(Fault) in
            try call.refuseQuery()
            try await operation(call, permit) { piece throws(Fault) in
                _ = try await services.operators.permit(of: call)
                try await call.stream(piece, type: lines)
            }
            call.endStream(type: lines)
        }
        row.answerType = lines
        return row
    }

    /// No parameters at all.
    static let nothingAsked = Query<Void>("Nothing") { _ in }
}
