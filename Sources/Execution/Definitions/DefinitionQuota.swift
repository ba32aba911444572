// How many definitions a tenant may have, of all kinds together: whoever makes one waits for the others of his tenant, and only then counts.
// Bound: the quota `definitions` of the plan or the contract.

import Base
import Postgres
import Tenancy

/// The quota of definitions.
enum DefinitionQuota {
    static let all: [any AnyStatement] = [lock, count]

    /// Held to the end of the transaction.
    private static let lock = Statement<Void, TenantID>(
        "lock the definitions of a tenant", "SELECT pg_advisory_xact_lock(hashtextextended($1::text, 8))")

    private static let count = Statement<Int>(
        "count definitions", "SELECT count(*) FROM definitions WHERE state <> 'deleted'"
    ) { row throws(Fault) in try row.value(0) }

    /// To be called by the transaction that makes one more, before it does.
    /// - Throws: `.limitReached` naming the quota when the tenant has as many as it may.
    static func check(_ scope: TenantScope, _ session: Session) async throws(Fault) {
        var batch = session.batch()
        batch.add(lock, scope.tenant)
        let counted = batch.add(count)
        let most = scope.quotas.definitions
        guard try await batch.run().first(counted) ?? 0 < most else {
            throw Fault(
                .limitReached,
                "The plan holds \(most) agents, tasks, flows and automations together (definitions). Delete one first.")
        }
    }
}
