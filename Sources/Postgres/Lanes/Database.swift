// The database as the rest of the program sees it: per loop, the shared lanes and the exclusive ones. Calls are made by tasks that live
// on a loop of the group, and use that loop's lanes; nothing is shared between loops.

import Base
import Loop

/// A PostgreSQL server, reached over a few connections a loop.
@safe public final class Database: @unchecked Sendable {
    // `loops` is written in `init` only; what it holds is used on the loop of the same index.

    /// The roles that connections take. The URL's user must be a member of them.
    public struct Roles: Sendable {
        /// For requests: neither an owner nor a superuser, so that row-level security holds.
        public var application: String
        /// For the queue, the outbox and schedules, across tenants.
        public var worker: String
        /// For the installation's operators: the tenants themselves, and nothing of what they hold beyond counts.
        public var `operator`: String
        /// For the removal of what is old or was given up.
        public var housekeeper: String

        public init(
            application: String = "insula_app", worker: String = "insula_worker", operator: String = "insula_operator",
            housekeeper: String = "insula_housekeeper"
        ) {
            self.application = application
            self.worker = worker
            self.operator = `operator`
            self.housekeeper = housekeeper
        }
    }

    // Sent to its own loop, and used there.
    private struct LoopLanes: @unchecked Sendable {
        let loop: EventLoop
        /// By `LaneKind`.
        let shared: [Lane]
        /// By `SessionKind`.
        let sessions: [SessionLanes]
    }

    private let loops: [LoopLanes]

    /// - Parameter statements: what is prepared when a shared lane connects; any other statement is prepared at its first use.
    public init(
        _ target: ConnectionTarget, loops group: LoopGroup, pool: BlockingPool, roles: Roles = Roles(),
        statements: [any AnyStatement] = []
    ) {
        let eager = statements.map(\.identity)
        loops = group.loops.map { loop in
            let shared = LaneKind.allCases.map { kind in
                Lane(
                    loop: loop, name: "\(kind)-\(loop.index)", target: target,
                    startup: .init(
                        role: kind == .worker ? roles.worker : roles.application,
                        application: "insula \(kind) \(loop.index)", plansEachCall: kind == .slow,
                        readsByIndex: kind == .gathered || kind == .worker),
                    pool: pool, eager: kind == .once ? eager : [])
            }
            let sessions = SessionKind.allCases.map { kind in
                SessionLanes(loop: loop, limit: kind.perLoop) { number in
                    Lane(
                        loop: loop, name: "\(kind)-session-\(loop.index)-\(number)", target: target,
                        startup: .init(
                            role: kind.role(among: roles), application: "insula \(kind) session \(loop.index)",
                            plansEachCall: kind == .export, readsOneSnapshot: kind == .export),
                        pool: pool, eager: [])
                }
            }
            return LoopLanes(loop: loop, shared: shared, sessions: sessions)
        }
    }

    // MARK: Statements

    /// Short statements; each call is a transaction of its own in `scope`.
    public func once(_ scope: Scope) -> Once { Once(database: self, kind: .once, scope: scope) }

    /// Writes of many tasks in one commit, on a lane of their own.
    public func gathered(_ scope: Scope) -> Once { Once(database: self, kind: .gathered, scope: scope) }

    /// Long lists and reports, on a lane of their own.
    public func slow(_ scope: Scope) -> Once { Once(database: self, kind: .slow, scope: scope) }

    /// The worker's role, with no tenant.
    public var worker: Once { Once(database: self, kind: .worker, scope: .none) }

    /// Runs `body` as one transaction on a connection of its own: committed when it returns, rolled back when it throws.
    /// - Parameter kind: what the connection is for, and so the role that it has.
    /// - Throws: what `body` throws; `.overloaded` when no connection comes free; `.unavailable` when the connection is lost, in
    ///   which case whether a commit under way happened is not known.
    public func session<Value>(
        _ scope: Scope, on kind: SessionKind = .request, _ body: (Session) async throws(Fault) -> Value
    ) async throws(Fault) -> Value {
        if kind == .request, let surrounding = Database.surrounding?.session(for: scope) { return try await body(surrounding) }
        if kind == .operator, let surrounding = Database.surrounding, surrounding.kind == .operator {
            return try await surrounding.act(in: scope, body)
        }
        let sessions = here.sessions[kind.rawValue]
        let lane = try await sessions.acquire()
        defer { sessions.release(lane) }
        let session = Session(lane: lane, scope: scope)
        defer { session.close() }
        do throws(Fault) {
            let value = try await body(session)
            try await session.finish()
            return value
        } catch {
            await session.abandon()
            throw error
        }
    }

    /// Runs `body` as one transaction in the operators' role. As `session` otherwise.
    public func `operator`<Value>(
        _ scope: Scope = .none, _ body: (Session) async throws(Fault) -> Value
    ) async throws(Fault) -> Value {
        try await session(scope, on: .operator, body)
    }

    private var here: LoopLanes {
        guard let loop = EventLoop.current, loop.index < loops.count else {
            preconditionFailure("the database is called by tasks that live on a loop")
        }
        return loops[loop.index]
    }

    func lane(_ kind: LaneKind) -> Lane { here.shared[kind.rawValue] }

    // MARK: Start and stop

    /// Begins to connect, and waits until every loop has its first connection.
    /// - Throws: `.internalError` naming the first statement that does not prepare; `.unavailable` when the server can't be reached.
    ///   After the latter the lanes keep trying, and `start` need not be called again.
    public func start() async throws(Fault) {
        for lanes in loops {
            for lane in lanes.shared { lane.start() }
        }
        for lanes in loops {
            let fault = await on(lanes.loop) { () -> Fault? in
                for lane in lanes.shared {
                    if lane.attempts == 0 { await lane.settled(withinMilliseconds: Lane.startMilliseconds) }
                    if let fault = lane.preparationFault { return fault }
                    if !lane.isReady { return lane.failure }
                }
                return nil
            }
            if let fault { throw fault }
        }
    }

    /// Closes all connections. What is in flight is told that it is lost: drain first.
    public func stop() async {
        for lanes in loops {
            await on(lanes.loop) {
                let all = lanes.shared + lanes.sessions.flatMap(\.lanes)
                for lane in all { lane.stop() }
                for lane in all { await lane.ended() }
            }
        }
    }

    /// Whether every loop can serve a request now. From any thread.
    public var isReady: Bool {
        loops.allSatisfy { $0.shared[LaneKind.once.rawValue].statistics.isReady }
    }

    /// The figures of the shared lanes. From any thread.
    public var statistics: [LaneStatistics] {
        loops.flatMap { $0.shared.map(\.statistics) }
    }

    /// Runs `body` as a task of `loop`.
    private func on<Value: Sendable>(_ loop: EventLoop, _ body: @escaping @Sendable () async -> Value) async -> Value {
        await Task(executorPreference: loop) { await body() }.value
    }
}
