// How many definitions a tenant may have, of all kinds together: whoever makes one waits for the others of his tenant, and only then counts.
// And how many versions of one are kept at once: the housekeeper removes old ones that no run needs any more.
// Bounds: the quota `definitions` of the plan or the contract; `versionLimit`.

import Base
import Postgres
import Tenancy

/// The quota of definitions.
enum DefinitionQuota {
    /// Versions of one definition that are kept at once, at most.
    static let versionLimit = 1_000

    static let all: [any AnyStatement] = [lock, count, countVersions]

    /// Held to the end of the transaction.
    private static let lock = Statement<Void, TenantID>(
        "lock the definitions of a tenant", "SELECT pg_advisory_xact_lock(hashtextextended($1::text, 8))")

    private static let count = Statement<Int>(
        "count definitions", "SELECT count(*) FROM definitions WHERE state <> 'deleted'"
    ) { row throws(Fault) in try row.value(0) }

    private static let countVersions = Statement<Int, UUIDBits>(
        "count versions", "SELECT count(*) FROM definition_versions WHERE definition_id = $1"
    ) { row throws(Fault) in try row.value(0) }

    /// To be called by the transaction that has made another version, while it still holds the definition.
    /// - Parameter field: what made it.
    /// - Throws: `.limitReached` naming the field when there are more than may be.
    static func checkVersions(of definition: UUIDBits, _ field: String, _ session: Session) async throws(Fault) {
        guard try await session.first(countVersions, definition) ?? 0 > versionLimit else { return }
        throw Fault(
            .limitReached,
            "A definition keeps at most \(versionLimit) versions at once. Old ones that no run needs go by and by: try again later.",
            fields: [Fault.Field(field, "limit", "It would make another version.")])
    }

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
