// The tenant of the caller: what it is, what it decides about itself, all that it has, and its end.

import Base
import HTTP
import Identity
import JSON
import Tenancy

extension Endpoint {
    static func tenant(_ services: Services) -> [Endpoint] {
        let tenants = services.tenants
        return [
            .plain(
                .get, "/v1/tenant", "Read the tenant of the credential, with its quotas and what it uses of them",
                TenantRead.self,
                answers: Tenant.output
            ) { call, permit throws(Fault) in
                try await tenants.current(by: permit)
            },
            .taking(
                .patch, "/v1/tenant", "Change the name or the settings of the tenant", TenantWrite.self, UpdateTenant.input,
                answers: Tenant.output
            ) { call, permit, input throws(Fault) in
                let tenant = try await tenants.update(input, by: permit)
                services.authenticator.forget(.tenant(permit.scope.tenant))
                return tenant
            }.sensitive,
            .taking(
                .delete, "/v1/tenant", "Give the tenant up: it is halted now, and removed with all it has after a delay",
                TenantDelete.self, DeleteTenant.input, answers: Tenant.output
            ) { call, permit, input throws(Fault) in
                let tenant = try await tenants.delete(
                    confirmedBy: input.slug, delayHours: services.configuration.deletionDelayHours, by: permit)
                services.authenticator.forget(.tenant(permit.scope.tenant))
                return tenant
            }.sensitive,
            .streaming(
                "/v1/tenant/export", "Read everything that the tenant has, a line each; a line of type end comes last",
                TenantExport.self, nothingAsked, services
            ) { _, permit, _, write throws(Fault) in
                try await services.exports.begin(by: permit)
                try await services.exports.run(permit.scope.tenant, to: write)
            }.sensitive,
        ]
    }
}
