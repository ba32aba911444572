// The processes of the installation, for those who run it: each says every few seconds that it is there, and what it does. A node that
// stops in order takes its line away; one that died is still there for a while, with the moment at which it was seen last.

import Base
import JSON
import Loop
import Postgres
import Synchronization
import Tenancy

/// One process.
public struct NodeRecord: Sendable {
    public let id: NodeID
    public let role: NodeRole
    public let version: String
    public let running: Int
    public let startedAt: Timestamp
    public let lastSeenAt: Timestamp
    /// Whether it was seen within the time of a lease.
    public let isAlive: Bool

    public static let output = Output<NodeRecord>(
        "Node", "A process of the installation.",
        [
            .field("id", "Its id.") { $0.id },
            .field("role", "What it is for: all, api or worker.") { $0.role.rawValue },
            .field("version", "The version of the program.") { $0.version },
            .field("running", "Executions that it worked on when it was seen last.") { $0.running },
            .field("started_at", "When it started.") { $0.startedAt },
            .field("last_seen_at", "When it was seen last, by the clock of the database.") { $0.lastSeenAt },
            .field("alive", "Whether that is less than the time of a lease ago.") { $0.isAlive },
        ])
}

/// The list of the processes, and this one's line in it.
public final class Nodes: Sendable {
    /// Between two signs of life.
    static let beatMilliseconds = 5_000
    /// Nodes that the list shows.
    public static let listLimit = 1_000

    private struct State {
        var isStopped = false
        var sleeper: Sleeper?
        var task: Task<Void, Never>?
    }

    private let database: Database
    private let loop: EventLoop
    private let worker: Worker
    private let node: NodeID
    private let role: NodeRole
    private let version: String
    private let state = Mutex(State())

    /// - Parameter worker: whose runs are counted; it knows which node this is.
    public init(database: Database, loop: EventLoop, worker: Worker, role: NodeRole, version: String) {
        self.database = database
        self.loop = loop
        self.worker = worker
        node = worker.node
        self.role = role
        self.version = version
    }

    // MARK: This node

    /// Begins to say that it is there.
    public func start() async {
        await loop.call { [self] in
            await beat(isFirst: true)
            let sleeper = Sleeper(loop: loop)
            let task = loop.spawn { [self] in
                while !state.withLock({ $0.isStopped }) {
                    let pause = Lease.jittered(Nodes.beatMilliseconds, random: Double.random(in: 0..<1))
                    await sleeper.wait(until: Instant.now.advanced(milliseconds: pause))
                    if !state.withLock({ $0.isStopped }) { await beat(isFirst: false) }
                }
            }
            state.withLock { state in
                state.sleeper = sleeper
                state.task = task
            }
        }
    }

    /// Takes its line away.
    public func stop() async {
        await loop.call { [self] in
            let (sleeper, task) = state.withLock { state in
                state.isStopped = true
                return (state.sleeper, state.task)
            }
            guard task != nil else { return }
            sleeper?.wake()
            await task?.value
            _ = try? await database.worker.execute(NodeStatements.leave, node)
        }
    }

    /// A sign of life; one that can't be written is missed, and the next one comes.
    private func beat(isFirst: Bool) async {
        _ = try? await database.worker.execute(
            NodeStatements.beat, node, role.rawValue, version, worker.runningCount, isFirst)
    }

    // MARK: All nodes

    /// The nodes, those that started last first.
    public func list(by permit: OperatorPermit) async throws(Fault) -> [NodeRecord] {
        try await database.operator { session throws(Fault) in
            try await session.query(NodeStatements.list, Lease.standard.milliseconds, Nodes.listLimit)
        }
    }
}

enum NodeStatements {
    /// What was not seen for a day is forgotten.
    static let beat = Statement<Void, NodeID, String, String, Int, Bool>(
        "say that a node is there",
        """
        WITH gone AS (
            DELETE FROM nodes WHERE last_seen_at < clock_timestamp() - interval '1 day' AND id <> $1
        )
        INSERT INTO nodes AS n (id, role, version, running) VALUES ($1, $2, $3, $4)
        ON CONFLICT (id) DO UPDATE
        SET role = excluded.role, version = excluded.version, running = excluded.running, last_seen_at = clock_timestamp(),
            started_at = CASE WHEN $5 THEN clock_timestamp() ELSE n.started_at END
        """)

    static let leave = Statement<Void, NodeID>("take a node away", "DELETE FROM nodes WHERE id = $1")

    static let list = Statement<NodeRecord, Int, Int>(
        "list nodes",
        """
        SELECT id, role, version, running, started_at, last_seen_at,
            last_seen_at > clock_timestamp() - $1 * interval '1 millisecond'
        FROM nodes ORDER BY started_at DESC LIMIT $2
        """, repeatable: true
    ) { row throws(Fault) in
        NodeRecord(
            id: try row.value(0), role: try row.state(1), version: try row.value(2), running: try row.value(3),
            startedAt: try row.value(4), lastSeenAt: try row.value(5), isAlive: try row.value(6))
    }
}
