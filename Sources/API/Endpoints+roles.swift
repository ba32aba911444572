// Roles: those that every tenant has, named by a word, and those that it makes of scopes.

import Base
import HTTP
import Identity
import JSON
import Tenancy

extension Endpoint {
    static func roles(_ services: Services) -> [Endpoint] {
        let roles = services.roles
        return [
            .taking(
                .post, "/v1/roles", "Make a role of scopes that the caller holds", RolesWrite.self, CreateRole.input, status: 201,
                answers: TenantRole.output
            ) { call, permit, input throws(Fault) in
                try await roles.create(input, by: permit)
            }.sensitive,
            .asking(
                "/v1/roles", "List the roles: those that every tenant has, then its own, newest first", RolesRead.self,
                Paging.query, answers: TenantRole.output.page
            ) { call, permit, paging throws(Fault) in
                let before: RoleID? = try paging.place(in: "roles", for: permit.scope)
                let part = try await roles.list(before: before, limit: paging.limit, order: paging.order, by: permit)
                return part.page(of: "roles", in: paging.order, for: permit.scope)
            },
            .plain(.get, "/v1/roles/{role_id}", "Read a role", RolesRead.self, answers: TenantRole.output) {
                call, permit throws(Fault) in
                try await roles.get(try call.role(0), by: permit)
            },
            .taking(
                .patch, "/v1/roles/{role_id}", "Change a role; other scopes hold for everybody who has it", RolesWrite.self,
                UpdateRole.input, answers: TenantRole.output
            ) { call, permit, input throws(Fault) in
                let role = try await roles.update(try call.role(0), input, by: permit)
                services.authenticator.forget(.tenant(permit.scope.tenant))
                return role
            }.sensitive,
            .silent(.delete, "/v1/roles/{role_id}", "Delete a role that nobody has", RolesWrite.self) {
                call, permit throws(Fault) in
                try await roles.delete(try call.role(0), by: permit)
            }.sensitive,
        ]
    }
}

extension Call {
    /// The role in the path at `position`.
    fileprivate func role(_ position: Int) throws(Fault) -> RoleReference {
        guard let text = parameters.text(position, in: exchange.head.bytes), let reference = RoleReference(text) else {
            throw Fault(.notFound, "There is no such resource.")
        }
        return reference
    }
}
