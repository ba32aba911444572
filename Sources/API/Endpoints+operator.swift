// What those who run the installation do: with tenants, with the codes that make new ones, with the keys that sign tokens; and what they did.

import Base
import Execution
import HTTP
import Identity
import JSON
import Tenancy

/// Which tenants an operator wants to see.
private struct ListTenants: Sendable {
    let paging: Paging
    let filter: TenantFilter

    static let query = Query<ListTenants>("ListTenants") { parameters in
        ListTenants(
            paging: .read(&parameters),
            filter: TenantFilter(
                state: parameters.optional("filter[state]", .enumeration(Tenant.State.self), "Only tenants in this state."),
                plan: parameters.optional("filter[plan]", .enumeration(Plan.self), "Only tenants with this plan."),
                slug: parameters.optional("filter[slug]", .string(1...63), "Only the tenant of this slug.")))
    }

    /// The list by name, which a cursor is bound to.
    var name: String { "tenants \(filter.state?.rawValue ?? "") \(filter.plan?.rawValue ?? "") \(filter.slug ?? "")" }
}

extension Endpoint {
    static func operators(_ services: Services) -> [Endpoint] {
        tenantsOfOperator(services) + statesOfTenants(services) + installation(services)
    }

    private static func tenantsOfOperator(_ services: Services) -> [Endpoint] {
        let tenants = services.administration
        return [
            .ofOperator(
                "/v1/operator/tenants", "List the tenants, newest first", ListTenants.query, answers: Tenant.output.page
            ) { call, permit, query throws(Fault) in
                let before: TenantID? = try query.paging.place(in: query.name, for: permit)
                let part = try await tenants.list(
                    query.filter, before: before, limit: query.paging.limit, order: query.paging.order, by: permit)
                return part.page(of: query.name, in: query.paging.order, for: permit)
            },
            .ofOperator(
                .post, "/v1/operator/tenants", "Make a tenant with its owner; his one-time password is shown this once",
                ProvisionTenant.input, status: 201, answers: ProvisionedTenant.output
            ) { call, permit, input throws(Fault) in
                try await services.provision(input, by: permit)
            },
            .ofOperator(.get, "/v1/operator/tenants/{tenant_id}", "Read a tenant", answers: Tenant.output) {
                call, permit throws(Fault) in
                try await tenants.get(try call.id(0), by: permit)
            },
            .ofOperator(
                .patch, "/v1/operator/tenants/{tenant_id}", "Change name, plan or contract of a tenant", AdministerTenant.input,
                answers: Tenant.output
            ) { call, permit, input throws(Fault) in
                try await services.changed(try await tenants.update(try call.id(0), input, by: permit))
            },
            .streamingToOperator(
                "/v1/operator/tenants/{tenant_id}/export", "Read everything that a tenant has, a line each", services
            ) { call, permit, write throws(Fault) in
                let id: TenantID = try call.id(0)
                try await tenants.beginExport(of: id, by: permit)
                try await services.exports.run(id, to: write)
            },
            .ofOperator(
                .post, "/v1/operator/tenants/{tenant_id}/users/{user_id}/impersonate",
                "Act as a person of a tenant for a while, with one access token; the operator stands in the tenant's audit log",
                Impersonate.input, status: 201, answers: NewSession.output
            ) { call, permit, input throws(Fault) in
                let (tenant, user): (TenantID, UserID) = (try call.id(0), try call.id(1))
                try await tenants.beginImpersonation(of: user, in: tenant, details: input.details, by: permit)
                return try await services.sessions.impersonate(user, in: tenant, input, by: permit.operator, for: call)
            },
        ]
    }

    private static func statesOfTenants(_ services: Services) -> [Endpoint] {
        let tenants = services.administration
        return [
            .ofOperator(
                .post, "/v1/operator/tenants/{tenant_id}/suspend", "Halt a tenant on every node", Reason.input,
                answers: Tenant.output
            ) { call, permit, reason throws(Fault) in
                try await services.changed(try await tenants.suspend(try call.id(0), reason, by: permit))
            },
            .ofOperator(
                .post, "/v1/operator/tenants/{tenant_id}/resume", "Let a suspended tenant go on", answers: Tenant.output
            ) { call, permit throws(Fault) in
                try await services.changed(try await tenants.resume(try call.id(0), by: permit))
            },
            .ofOperator(
                .delete, "/v1/operator/tenants/{tenant_id}", "Give a tenant up: it is halted now, and removed after a delay",
                answers: Tenant.output
            ) { call, permit throws(Fault) in
                let delay = services.configuration.deletionDelayHours
                return try await services.changed(try await tenants.delete(try call.id(0), delayHours: delay, by: permit))
            },
            .ofOperator(
                .post, "/v1/operator/tenants/{tenant_id}/undelete", "Bring back a tenant that was given up",
                answers: Tenant.output
            ) { call, permit throws(Fault) in
                try await services.changed(try await tenants.undelete(try call.id(0), by: permit))
            },
        ]
    }

    private static func installation(_ services: Services) -> [Endpoint] {
        let codes = services.signupCodes
        return [
            .ofOperator(
                .post, "/v1/operator/signup-codes", "Make a code that makes a tenant, once; it is shown this once",
                CreateSignupCode.input, status: 201, answers: NewSignupCode.output
            ) { call, permit, input throws(Fault) in
                try await codes.create(input, by: permit)
            },
            .ofOperator(
                "/v1/operator/signup-codes", "List the codes, newest first", Paging.query, answers: SignupCode.output.page
            ) { call, permit, paging throws(Fault) in
                let before: SignupCodeID? = try paging.place(in: "signup codes", for: permit)
                let part = try await codes.list(before: before, limit: paging.limit, order: paging.order, by: permit)
                return part.page(of: "signup codes", in: paging.order, for: permit)
            },
            .silentOfOperator(.delete, "/v1/operator/signup-codes/{code_id}", "Take a code back") { call, permit throws(Fault) in
                try await codes.revoke(try call.id(0), by: permit)
            },
            .silentOfOperator(
                .post, "/v1/operator/signing-keys/rotate",
                "Sign tokens with the next key from now on; 409 while all the keys that are kept have tokens out"
            ) { call, permit throws(Fault) in
                try await services.signingKeys.rotate()
                try await services.operators.note(.signingKeysRotated, by: permit)
            },
            .ofOperator(
                .get, "/v1/operator/nodes", "List the processes, those that started last first", answers: NodeRecord.output.page
            ) { _, permit throws(Fault) in
                Page(try await services.nodes.list(by: permit), nextCursor: nil)
            },
            .ofOperator(
                "/v1/operator/log", "Read what operators did, newest first", Paging.query, answers: OperatorRecord.output.page
            ) { call, permit, paging throws(Fault) in
                let before: AuditID? = try paging.place(in: "operator log", for: permit)
                let part = try await services.operators.log(
                    before: before, limit: paging.limit, order: paging.order, by: permit)
                return part.page(of: "operator log", in: paging.order, for: permit)
            },
        ]
    }
}

extension Services {
    /// The tenant, when this node has forgotten its credentials; the others hear of it by themselves.
    fileprivate func changed(_ tenant: Tenant) async throws(Fault) -> Tenant {
        authenticator.forget(.tenant(tenant.id))
        return tenant
    }

    fileprivate func provision(_ input: ProvisionTenant, by permit: OperatorPermit) async throws(Fault) -> ProvisionedTenant {
        try await Provisioning.create(input, by: permit, in: database, passwords: passwords)
    }
}
