// Several statements in one Sync. They are written down first, with nothing sent; `run` sends them together, and either all of them
// happened or none did.
// Bounds: `Batch.statementLimit` statements.

import Base
import CPostgres

/// Statements that go to the server together.
public struct Batch<Runner: StatementRunner>: ~Copyable {
    private let runner: Runner
    @usableFromInline let content: BatchContent

    init(runner: Runner) {
        self.runner = runner
        content = BatchContent()
    }

    /// Adds a statement. The result tells where its rows will be.
    @inlinable @discardableResult public mutating func add<Row, each Parameter: PostgresParameter>(
        _ statement: Statement<Row, repeat each Parameter>, _ parameters: repeat each Parameter
    ) -> BatchSlot<Row> {
        repeat content.parameters.appendValue(each parameters)
        return BatchSlot(index: content.add(statement.identity), decode: statement.decode)
    }

    /// Sends the statements and waits for all their results.
    /// - Throws: the fault of the first that failed; none of them happened then.
    public consuming func run() async throws(Fault) -> BatchResults {
        let content = self.content
        precondition(!content.statements.isEmpty, "a batch has at least one statement")
        let opening = try runner.open()
        let results = BatchResults()
        try opening.lane.submit(content, opening.prologue, into: results)
        let outcome = await opening.lane.outcome()
        let reply = unsafe Reply(outcome.result)
        if outcome.isLost { throw opening.lane.lost }
        if outcome.failedAt >= 0 {
            let at = outcome.failedAt - outcome.prologue
            throw unsafe Fault(failed: unsafe reply.result, statement: at < 0 ? "before the batch" : content.statements[at].name)
        }
        return results
    }
}

/// What a batch holds until it is sent.
@usableFromInline final class BatchContent {
    static let statementLimit = 256

    @usableFromInline let parameters = ParameterBuffer()
    private(set) var statements: [StatementIdentity] = []

    @usableFromInline func add(_ statement: StatementIdentity) -> Int {
        precondition(
            statements.count < BatchContent.statementLimit, "a batch has at most \(BatchContent.statementLimit) statements")
        statements.append(statement)
        return statements.count - 1
    }
}

/// The place of one statement's result among those of its batch.
public struct BatchSlot<Row> {
    let index: Int
    let decode: @Sendable (borrowing RowReader) throws(Fault) -> Row

    @usableFromInline init(index: Int, decode: @escaping @Sendable (borrowing RowReader) throws(Fault) -> Row) {
        self.index = index
        self.decode = decode
    }
}

/// The results of a batch, in the order of its statements. Owns libpq's memory and frees it.
@safe public final class BatchResults {
    private var results: [OpaquePointer] = unsafe []

    deinit {
        for at in 0..<count { unsafe PQclear(results[at]) }
    }

    var count: Int { unsafe results.count }

    func append(_ result: OpaquePointer) {
        unsafe results.append(result)
    }

    /// All rows of a statement.
    public func rows<Row>(_ slot: BatchSlot<Row>) throws(Fault) -> [Row] {
        let result = unsafe results[slot.index]
        var rows: [Row] = []
        let count = unsafe ResultMemory.rowCount(result)
        rows.reserveCapacity(count)
        for row in 0..<count { rows.append(try unsafe slot.decode(RowReader(result: result, row: row))) }
        return rows
    }

    /// The first row of a statement, or `nil` when it has none.
    public func first<Row>(_ slot: BatchSlot<Row>) throws(Fault) -> Row? {
        let result = unsafe results[slot.index]
        if unsafe ResultMemory.rowCount(result) == 0 { return nil }
        return try unsafe slot.decode(RowReader(result: result, row: 0))
    }

    /// The number of rows that a statement changed.
    public func affected<Row>(_ slot: BatchSlot<Row>) -> Int {
        unsafe ResultMemory.affected(results[slot.index])
    }
}
