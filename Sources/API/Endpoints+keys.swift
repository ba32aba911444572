// The API keys of the tenant.

import Base
import HTTP
import Identity
import JSON
import Tenancy

/// Which keys a caller wants to see.
private struct ListKeys: Sendable {
    let paging: Paging
    let maker: UserID?

    static let query = Query<ListKeys>("ListKeys") { parameters in
        ListKeys(
            paging: .read(&parameters),
            maker: parameters.optional("filter[created_by]", .id(UserID.self), "Only keys that this person made."))
    }

    /// The list by name, which a cursor is bound to.
    var name: String { "keys \(maker?.description ?? "")" }
}

extension Endpoint {
    static func keys(_ services: Services) -> [Endpoint] {
        let keys = services.keys
        return [
            .taking(
                .post, "/v1/keys", "Make an API key; its secret is shown this once", KeysWrite.self, CreateAPIKey.input,
                status: 201, answers: NewAPIKey.output
            ) { call, permit, input throws(Fault) in
                try await keys.create(input, by: permit)
            }.sensitive,
            .asking(
                "/v1/keys", "List the API keys. They are the organisation's: one works on when its maker is disabled or deleted",
                KeysRead.self, ListKeys.query, answers: APIKey.output.page
            ) { call, permit, query throws(Fault) in
                let paging = query.paging
                let before: KeyID? = try paging.place(in: query.name, for: permit.scope)
                let part = try await keys.list(
                    madeBy: query.maker, before: before, limit: paging.limit, order: paging.order, by: permit)
                return part.page(of: query.name, in: paging.order, for: permit.scope)
            },
            .plain(.get, "/v1/keys/{key_id}", "Read an API key", KeysRead.self, answers: APIKey.output) {
                call, permit throws(Fault) in
                try await keys.get(try call.id(0), by: permit)
            },
            .taking(
                .patch, "/v1/keys/{key_id}", "Change an API key", KeysWrite.self, UpdateAPIKey.input, answers: APIKey.output
            ) { call, permit, input throws(Fault) in
                try await keys.update(try call.id(0), input, by: permit)
            }.sensitive,
            .taking(
                .post, "/v1/keys/{key_id}/rotate",
                "Give an API key a new text, shown this once; the present one works on for a while",
                KeysWrite.self, RotateAPIKey.input, mayBeEmpty: true, answers: NewAPIKey.output
            ) { call, permit, input throws(Fault) in
                try await keys.rotate(try call.id(0), input, by: permit)
            }.sensitive,
            .plain(.delete, "/v1/keys/{key_id}", "Revoke an API key", KeysWrite.self, answers: APIKey.output) {
                call, permit throws(Fault) in
                try await keys.revoke(try call.id(0), by: permit)
            },
        ]
    }
}
