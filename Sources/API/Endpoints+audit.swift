// The audit log of the tenant: in pages, or all of it as lines.

import Base
import HTTP
import JSON
import Tenancy

/// Which lines a caller wants to see.
private struct ListAudit: Sendable {
    let paging: Paging
    let filter: AuditFilter

    static let query = Query<ListAudit>("ListAudit") { parameters in
        ListAudit(paging: .read(&parameters), filter: .read(&parameters))
    }

    /// The list by name, which a cursor is bound to.
    var name: String {
        let parts: [String?] = [
            filter.actor, filter.target, filter.action?.rawValue, filter.result?.rawValue, filter.from?.rfc3339,
            filter.to?.rfc3339,
        ]
        return "audit " + parts.map { $0 ?? "" }.joined(separator: " ")
    }
}

extension AuditFilter {
    fileprivate static let query = Query<AuditFilter>("ExportAudit") { parameters in .read(&parameters) }

    private static let id = StringShape(
        1...64,
        format: TextFormat(message: "This must be an id as they are shown, such as user_….", accepts: AuditFilter.isID))

    fileprivate static func read(_ parameters: inout Parameters) -> AuditFilter {
        AuditFilter(
            actor: parameters.optional("filter[actor]", id, "Only what this user, key or operator did."),
            target: parameters.optional("filter[target]", id, "Only what was done to this."),
            action: parameters.optional("filter[action]", .enumeration(AuditAction.self), "Only this act."),
            result: parameters.optional("filter[result]", .enumeration(AuditEntry.Result.self), "Only what went so."),
            from: parameters.optional("filter[from]", .timestamp, "Only from this moment on."),
            to: parameters.optional("filter[to]", .timestamp, "Only before this moment."))
    }
}

extension Endpoint {
    static func audit(_ services: Services) -> [Endpoint] {
        let log = services.auditLog
        return [
            .asking(
                "/v1/audit", "Read the audit log, newest first", AuditRead.self, ListAudit.query, answers: AuditRecord.output.page
            ) { call, permit, query throws(Fault) in
                let before: AuditID? = try query.paging.place(in: query.name, for: permit.scope)
                let part = try await log.list(
                    query.filter, before: before, limit: query.paging.limit, order: query.paging.order, by: permit)
                return part.page(of: query.name, in: query.paging.order, for: permit.scope)
            },
            .streaming(
                "/v1/audit/export", "Read the whole audit log, newest first, a line each", AuditRead.self, AuditFilter.query,
                services
            ) { _, permit, filter, write throws(Fault) in
                try await log.beginExport(by: permit)
                try await log.export(filter, by: permit, to: write)
            },
        ]
    }
}
