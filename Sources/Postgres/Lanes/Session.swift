// A transaction of several round trips, for work that reads, decides and writes: a connection of its own from the first statement to
// the commit. BEGIN and the scope travel with the first statement, so that they cost no round trip of their own.
// Bounds: the server ends a session that is idle for `Limits.idleInTransactionMilliseconds`.

import Base
import CPostgres

/// One transaction on an exclusive connection. It is over when the closure that got it returns.
public final class Session: StatementRunner {
    static let beginStatement = Statement<Void>("begin", "BEGIN")
    static let commitStatement = Statement<Void>("commit", "COMMIT")
    static let rollbackStatement = Statement<Void>("rollback", "ROLLBACK")
    static let begin = beginStatement.identity
    static let commit = commitStatement.identity
    static let rollback = rollbackStatement.identity

    private let lane: Lane
    private let scope: Scope
    private var generation: Int?
    private var isOver = false

    init(lane: Lane, scope: Scope) {
        self.lane = lane
        self.scope = scope
    }

    public func open() throws(Fault) -> Opening {
        precondition(!isOver, "a session is used inside its closure only")
        guard let generation else {
            self.generation = lane.generation
            return Opening(lane: lane, prologue: .begin(scope))
        }
        guard generation == lane.generation else { throw lane.lost }
        return Opening(lane: lane, prologue: .none)
    }

    /// A transaction that lost its connection is gone with all it did.
    public func mayRepeat(_ lane: Lane) async -> Bool { false }

    /// Lets no more statements in.
    func close() {
        isOver = true
    }

    /// Commits what was done.
    func finish() async throws(Fault) {
        guard generation != nil else { return }
        let reply = try await reply(Session.commitStatement)
        // After a failed statement COMMIT succeeds, and rolls back.
        guard unsafe String(cString: PQcmdStatus(reply.result)) == "COMMIT" else {
            throw .misdeclared("a session whose statement failed was not ended by its fault")
        }
    }

    /// Undoes what was done. A connection on which even that fails is given up.
    func abandon() async {
        guard let generation, generation == lane.generation else { return }
        do throws(Fault) {
            try await execute(Session.rollbackStatement)
        } catch {
            lane.breakLater("rollback failed: \(error.cause ?? error.message)")
        }
    }
}
