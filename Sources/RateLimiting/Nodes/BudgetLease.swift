// One round of leasing: the rows that are missing are made, then as much is taken from each as is wanted and there, in one transaction.

import Base
import Postgres

/// What some buckets of a node ask the database for.
struct BudgetLease: Sendable {
    private let requests: [LeaseRequest]
    private let roster: Roster

    /// - Parameter roster: as it was read last. By an older one nothing is granted once there was another charge.
    init(_ requests: [LeaseRequest], roster: Roster) {
        self.requests = requests
        self.roster = roster
    }

    /// - Returns: for each request that was granted something, how many units.
    func run(on runner: some StatementRunner) async throws(Fault) -> [(LeaseRequest, UInt64)] {
        let keys = requests.map(\.key.bytes)
        let wholes = requests.map { roster.whole(of: $0.rate) }
        let floors = requests.map { roster.fullAt($0.rate) }
        var batch = runner.batch()
        batch.add(BudgetStatements.ensure, keys, floors, roster.charged)
        let slot = batch.add(
            BudgetStatements.lease, keys, requests.map { Int64($0.rate.intervalNanoseconds) }, requests.map { Int64($0.units) },
            requests.map { Int64($0.rate.databaseFillNanoseconds) }, wholes, floors, roster.charged)
        let granted = try await batch.run().rows(slot)
        let units = Dictionary(granted.map { ($0.key, UInt64($0.units)) }) { first, _ in first }
        return zip(keys, requests).compactMap { key, request in units[key].map { (request, $0) } }
    }
}
