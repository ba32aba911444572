// The tenant of the caller, and its API keys.

import Base
import HTTP
import Identity
import JSON
import Tenancy

extension Endpoint {
    static func keys(_ services: Services) -> [Endpoint] {
        let keys = services.keys
        return [
            .plain(.get, "/v1/tenant", "Read the tenant of the credential", TenantRead.self, answers: Tenant.output) {
                call, permit throws(Fault) in
                try await services.tenants.current(by: permit)
            },
            .taking(
                .post, "/v1/keys", "Make an API key; its secret is shown this once", KeysWrite.self, CreateAPIKey.input,
                status: 201,
                answers: NewAPIKey.output
            ) { call, permit, input throws(Fault) in
                try await keys.create(input, by: permit)
            },
            .asking("/v1/keys", "List the API keys, newest first", KeysRead.self, Paging.query, answers: APIKey.output.page) {
                call, permit, paging throws(Fault) in
                let before: KeyID? = try paging.place(in: "keys", for: permit.scope)
                return try await keys.list(before: before, limit: paging.limit, by: permit).page(of: "keys", for: permit.scope)
            },
            .plain(.delete, "/v1/keys/{key_id}", "Revoke an API key", KeysWrite.self, answers: APIKey.output) {
                call, permit throws(Fault) in
                let id: KeyID = try call.id(0)
                let revoked = try await keys.revoke(id, by: permit)
                // The other nodes hear of it; this one has not to wait for its own news.
                services.authenticator.forget(.key(id))
                return revoked
            },
        ]
    }
}
