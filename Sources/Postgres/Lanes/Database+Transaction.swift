// Several operations as one transaction, without their knowing: while `transaction` runs, whatever its task does in the same scope goes
// to one session, and is there, all of it, or not at all; an operator's acts do so in whichever scope. What is to be told to others waits
// for the commit.

import Base

extension Database {
    /// The transaction that surrounds the present task.
    @TaskLocal static var surrounding: SurroundingTransaction?

    /// Runs `body` as one transaction, with all that it does in `scope` by `once`, `slow` and `session`.
    /// - Throws: what `body` throws, and as `session`; nothing has happened then.
    public func transaction<Value>(
        _ scope: Scope, _ body: (Session) async throws(Fault) -> Value
    ) async throws(Fault) -> Value {
        try await transaction(scope, on: .request, body)
    }

    /// Runs `body` as one transaction in the operators' role, with all that it does by `operator`. What it does as a request is apart.
    /// - Throws: what `body` throws, and as `session`.
    public func operatorTransaction<Value>(_ body: (Session) async throws(Fault) -> Value) async throws(Fault) -> Value {
        try await transaction(.none, on: .operator, body)
    }

    private func transaction<Value>(
        _ scope: Scope, on kind: SessionKind, _ body: (Session) async throws(Fault) -> Value
    ) async throws(Fault) -> Value {
        precondition(Database.surrounding == nil, "transactions are not nested")
        var committed: [@Sendable () -> Void] = []
        let value = try await session(scope, on: kind) { session throws(Fault) -> Value in
            let transaction = SurroundingTransaction(session, scope, kind)
            let outcome = await Database.$surrounding.withValue(transaction) { () -> Result<Value, Fault> in
                do throws(Fault) { return .success(try await body(session)) } catch { return .failure(error) }
            }
            committed = transaction.afterCommit
            return try outcome.get()
        }
        for action in committed { action() }
        return value
    }

    /// Whether a `transaction` surrounds the task: what it writes then is not to be gathered with what others write.
    public static var isInTransaction: Bool { surrounding != nil }

    /// Runs `body` apart from a `transaction` that surrounds it: what it does stays done when that one is undone.
    @discardableResult public static func apart<Value>(_ body: () async throws(Fault) -> Value) async throws(Fault) -> Value {
        let outcome = await $surrounding.withValue(nil) { () -> Result<Value, Fault> in
            do throws(Fault) { return .success(try await body()) } catch { return .failure(error) }
        }
        return try outcome.get()
    }

    /// Runs `action` once what the task has done is committed: at once, unless a `transaction` surrounds it.
    public static func afterCommit(_ action: @escaping @Sendable () -> Void) {
        if let surrounding { surrounding.afterCommit.append(action) } else { action() }
    }
}

/// A session that all statements of a task in its scope go to. Used on the loop of that task alone.
final class SurroundingTransaction: @unchecked Sendable {
    let session: Session
    let scope: Scope
    let kind: SessionKind
    var afterCommit: [@Sendable () -> Void] = []

    init(_ session: Session, _ scope: Scope, _ kind: SessionKind) {
        self.session = session
        self.scope = scope
        self.kind = kind
    }

    /// The session for a request's statements in `scope`, if it is this one's.
    func session(for scope: Scope) -> Session? { kind == .request && scope == self.scope ? session : nil }

    /// Runs an operator's act in its scope, and goes back to that of nobody. What throws undoes the transaction, scope and all.
    func act<Value>(in scope: Scope, _ body: (Session) async throws(Fault) -> Value) async throws(Fault) -> Value {
        guard case .tenant(let tenant) = scope else { return try await body(session) }
        try await session.execute(Scope.setTenant, tenant.uuid.description)
        let value = try await body(session)
        try await session.execute(Scope.setTenant, "")
        return value
    }
}
