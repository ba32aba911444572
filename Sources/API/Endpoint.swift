// One row of the table of endpoints: what it is called by, what right it wants, what it takes and what it answers. The row is what
// runs and also what the OpenAPI document is made from, so that the two can't differ.

import Base
import HTTP
import JSON
import Tenancy

/// A method and a path with all that belongs to them.
public struct Endpoint: Sendable {
    public let method: Method
    public let path: String
    let summary: String
    /// The right it wants; `nil` for what anybody may call.
    let right: Right?
    /// Which bucket its calls are counted in, beside those of the tenant and of the credential.
    var limit: LimitClass
    /// Whether it wants the person to have proved a short while ago who he is.
    var isSensitive = false
    /// Whether it wants an operator's key instead of a tenant's credential.
    var isForOperators = false
    /// Whether it can become a WebSocket or a stream of events that lasts.
    var isLive = false
    /// Whether requests that went well are left out of the usual log.
    var isQuiet = false
    var body: SchemaNode?
    var bodyIsOptional = false
    /// What the body may be written as.
    var bodyTypes: [MediaType] = [.json]
    var query: [SchemaNode.Property] = []
    let status: Int
    var answer: SchemaNode?
    /// Whether answers carry the resource's revision as `ETag`.
    var isRevised = false
    var answerType: StaticString = "application/json"
    let run: @Sendable (Call) async throws(Fault) -> Void

    var isPrivate: Bool { right != nil }

    // MARK: Rows that need a right

    /// An endpoint that takes nothing but its path.
    static func plain<Needed: Permission, Answer>(
        _ method: Method, _ path: String, _ summary: String, _ needed: Needed.Type, status: Int = 200,
        answers output: Output<Answer>,
        _ operation: @escaping @Sendable (Call, Permit<Needed>) async throws(Fault) -> Answer
    ) -> Endpoint {
        var row = Endpoint(method: method, path: path, summary: summary, right: Needed.right, limit: .standard, status: status) {
            call throws(Fault) in
            let permit = try call.permit(needed)
            try call.refuseQuery()
            call.answer(status, output, try await operation(call, permit))
        }
        row.answer = output.schema
        row.isRevised = output.revision != nil
        return row
    }

    /// An endpoint that takes a JSON body.
    static func taking<Needed: Permission, Value, Answer>(
        _ method: Method, _ path: String, _ summary: String, _ needed: Needed.Type, _ input: Input<Value>,
        mayBeEmpty: Bool = false,
        status: Int = 200, answers output: Output<Answer>,
        _ operation: @escaping @Sendable (Call, Permit<Needed>, Value) async throws(Fault) -> Answer
    ) -> Endpoint {
        var row = Endpoint(method: method, path: path, summary: summary, right: Needed.right, limit: .standard, status: status) {
            call throws(Fault) in
            let permit = try call.permit(needed)
            try call.refuseQuery()
            let value = try await call.read(input, mayBeEmpty: mayBeEmpty)
            call.answer(status, output, try await operation(call, permit, value))
        }
        row.body = input.schema
        row.bodyIsOptional = mayBeEmpty
        row.answer = output.schema
        row.isRevised = output.revision != nil
        return row
    }

    /// An endpoint that takes parameters in its query.
    static func asking<Needed: Permission, Value, Answer>(
        _ path: String, _ summary: String, _ needed: Needed.Type, _ query: Query<Value>, method: Method = .get,
        answers output: Output<Answer>,
        _ operation: @escaping @Sendable (Call, Permit<Needed>, Value) async throws(Fault) -> Answer
    ) -> Endpoint {
        var row = Endpoint(method: method, path: path, summary: summary, right: Needed.right, limit: .standard, status: 200) {
            call throws(Fault) in
            let permit = try call.permit(needed)
            let value = try call.read(query)
            call.answer(200, output, try await operation(call, permit, value))
        }
        row.query = query.properties
        row.answer = output.schema
        row.isRevised = output.revision != nil
        return row
    }

    /// An endpoint that answers without a body.
    static func silent<Needed: Permission>(
        _ method: Method, _ path: String, _ summary: String, _ needed: Needed.Type,
        _ operation: @escaping @Sendable (Call, Permit<Needed>) async throws(Fault) -> Void
    ) -> Endpoint {
        Endpoint(method: method, path: path, summary: summary, right: Needed.right, limit: .standard, status: 204) {
            call throws(Fault) in
            let permit = try call.permit(needed)
            try call.refuseQuery()
            try await operation(call, permit)
            call.answerEmpty()
        }
    }

    /// An endpoint that takes what a form or a JSON object says, as the RFCs about tokens want it.
    static func takingForm<Needed: Permission, Value, Answer>(
        _ path: String, _ summary: String, _ needed: Needed.Type, _ input: Input<Value>, answers output: Output<Answer>,
        _ operation: @escaping @Sendable (Call, Permit<Needed>, Value) async throws(Fault) -> Answer
    ) -> Endpoint {
        var row = Endpoint(method: .post, path: path, summary: summary, right: Needed.right, limit: .standard, status: 200) {
            call throws(Fault) in
            let permit = try call.permit(needed)
            try call.refuseQuery()
            let value = try await call.readForm(input)
            call.answer(200, output, try await operation(call, permit, value))
        }
        row.body = input.schema
        row.bodyTypes = [.json, .form]
        row.answer = output.schema
        return row
    }

    // MARK: What a row can have besides

    /// The same, counted in another bucket.
    func limited(_ limit: LimitClass) -> Endpoint {
        var row = self
        row.limit = limit
        return row
    }

    /// The same, for those only who proved a short while ago who they are.
    var sensitive: Endpoint {
        var row = self
        row.isSensitive = true
        return row
    }

    // MARK: Rows that anybody may call

    /// An endpoint that takes a JSON body from whoever sends it.
    static func openTaking<Value, Answer>(
        _ path: String, _ summary: String, _ input: Input<Value>, status: Int = 200, answers output: Output<Answer>,
        _ operation: @escaping @Sendable (Call, Value) async throws(Fault) -> Answer
    ) -> Endpoint {
        var row = Endpoint(method: .post, path: path, summary: summary, right: nil, limit: .authentication, status: status) {
            call throws(Fault) in
            call.isConfidential = true
            try call.refuseQuery()
            let value = try await call.read(input)
            call.answer(status, output, try await operation(call, value))
        }
        row.body = input.schema
        row.answer = output.schema
        row.isRevised = output.revision != nil
        return row
    }

    /// An endpoint that takes a form or a JSON object from whoever sends it, and answers with nothing but that it did.
    static func openTakingForm<Value>(
        _ path: String, _ summary: String, _ input: Input<Value>,
        _ operation: @escaping @Sendable (Call, Value) async throws(Fault) -> Void
    ) -> Endpoint {
        var row = Endpoint(method: .post, path: path, summary: summary, right: nil, limit: .authentication, status: 200) {
            call throws(Fault) in
            call.isConfidential = true
            try call.refuseQuery()
            let value = try await call.readForm(input)
            try await operation(call, value)
            call.answer("application/json", Array("{}".utf8))
        }
        row.body = input.schema
        row.bodyTypes = [.json, .form]
        return row
    }

    /// An endpoint that answers by itself.
    static func open(
        _ path: String, _ summary: String, type: StaticString, isQuiet: Bool = false,
        _ run: @escaping @Sendable (Call) async throws(Fault) -> Void
    ) -> Endpoint {
        var row = Endpoint(method: .get, path: path, summary: summary, right: nil, limit: .anonymous, status: 200, run: run)
        row.isQuiet = isQuiet
        row.answerType = type
        return row
    }
}
