// Running statements, the same way everywhere: on a shared lane, where each call is a transaction of its own, or in a session, where
// the calls until its end are one. Calls are made on a loop's thread, by a task that lives there.

import Base

/// Something that statements can be run on.
public protocol StatementRunner {
    /// The lane that the calling task's loop uses, and what must go before the next Sync.
    func open() throws(Fault) -> Opening
    /// Whether a read may be run again when its connection broke, and if so waits for the next one.
    func mayRepeat(_ lane: Lane) async -> Bool
}

/// Where the next Sync goes.
public struct Opening {
    @usableFromInline let lane: Lane
    @usableFromInline let prologue: Lane.Prologue

    @usableFromInline init(lane: Lane, prologue: Lane.Prologue) {
        self.lane = lane
        self.prologue = prologue
    }
}

extension StatementRunner {
    /// All rows of a statement.
    /// - Throws: the fault of the statement; `.unavailable` while there is no connection; `.overloaded` when too much is in flight.
    @inlinable public func query<Row, each Parameter: PostgresParameter>(
        _ statement: Statement<Row, repeat each Parameter>, _ parameters: repeat each Parameter
    ) async throws(Fault) -> [Row] {
        let reply = try await reply(statement, repeat each parameters)
        return try reply.rows(statement.decode)
    }

    /// The first row of a statement, or `nil` when it has none.
    @inlinable public func first<Row, each Parameter: PostgresParameter>(
        _ statement: Statement<Row, repeat each Parameter>, _ parameters: repeat each Parameter
    ) async throws(Fault) -> Row? {
        let reply = try await reply(statement, repeat each parameters)
        return reply.rowCount == 0 ? nil : try reply.row(0, statement.decode)
    }

    /// The number of rows that a statement changed.
    @inlinable @discardableResult public func execute<Row, each Parameter: PostgresParameter>(
        _ statement: Statement<Row, repeat each Parameter>, _ parameters: repeat each Parameter
    ) async throws(Fault) -> Int {
        try await reply(statement, repeat each parameters).affected
    }

    @inlinable func reply<Row, each Parameter: PostgresParameter>(
        _ statement: Statement<Row, repeat each Parameter>, _ parameters: repeat each Parameter
    ) async throws(Fault) -> Reply {
        var isFirst = true
        while true {
            let opening = try open()
            let lane = opening.lane
            let buffer = lane.parameters
            buffer.reset()
            repeat buffer.appendValue(each parameters)
            try lane.submit(statement.identity, opening.prologue)
            let reply = await lane.reply()
            if reply.isLost {
                if isFirst, statement.identity.repeatable, await mayRepeat(lane) {
                    isFirst = false
                    continue
                }
                throw lane.lost
            }
            try reply.check(statement.identity)
            return reply
        }
    }

    /// Statements that go together: one round trip and, on a shared lane, one transaction.
    public func batch() -> Batch<Self> {
        Batch(runner: self)
    }
}

extension Lane {
    /// The connection broke under a Sync: whether it was committed is not known.
    @usableFromInline var lost: Fault {
        var fault = failure
        fault.cause = "lost in flight: \(failure.cause ?? name)"
        return fault
    }
}
