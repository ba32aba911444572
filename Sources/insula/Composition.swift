// Which part is made from which: the one place where the capabilities meet. Nothing here is started yet.

import API
import Base
import Execution
import HTTP
import Identity
import Loop
import Postgres
import Tenancy

/// The parts of a server.
struct Composition {
    let database: Database
    let client: OutgoingClient
    let authenticator: Authenticator
    let signal: QueueSignal
    let worker: Worker
    let services: Services

    init(
        _ configuration: Configuration, group: LoopGroup, pool: BlockingPool, target: ConnectionTarget, node: NodeID
    ) throws(Fault) {
        let database = Database(
            target, loops: group, pool: pool,
            statements: Tenants.statements + APIKeys.statements + Authenticator.statements + Agents.statements
                + Executions.statements)
        let client = OutgoingClient(group: group, rule: try Composition.rule(configuration), pool: pool)
        let registry = ToolRegistry.standard(client: client, pool: pool)
        let signal = QueueSignal(database: database, loop: group.loops[0], node: node)
        let worker = Worker(
            database: database, group: group, registry: registry, signal: signal, node: node,
            concurrency: configuration.workerConcurrency)
        let authenticator = Authenticator(database: database, loopCount: group.loops.count)
        self.database = database
        self.client = client
        self.signal = signal
        self.worker = worker
        self.authenticator = authenticator
        services = Services(
            configuration: configuration, version: Insula.version, database: database, authenticator: authenticator,
            agents: Agents(database: database, registry: registry), executions: Executions(database: database, signal: signal),
            registry: registry
        ) { text in
            worker.metrics.write(to: &text)
        }
    }

    /// The guard of outgoing connections with the operator's list.
    static func rule(_ configuration: Configuration) throws(Fault) -> AddressGuard {
        do throws(Fault) {
            return try AddressGuard(allowing: configuration.outboundAllow)
        } catch {
            throw .invalid("INSULA_OUTBOUND_ALLOW", "format", error.fields.first?.message ?? error.message)
        }
    }
}
