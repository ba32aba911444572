// What came back for one Sync: the result of its last statement, or of the first that failed, or nothing when the connection broke.
// Owns libpq's memory and frees it.

import Base
import CPostgres

/// The outcome of one statement in one Sync.
@safe @usableFromInline struct Reply: ~Copyable {
    @usableFromInline let result: OpaquePointer?

    init(_ result: OpaquePointer?) {
        unsafe self.result = unsafe result
    }

    @inlinable deinit {
        unsafe ResultMemory.free(result)
    }

    /// Whether the connection broke before the outcome was known.
    @usableFromInline var isLost: Bool { unsafe result == nil }

    /// Throws the fault of the statement when it failed.
    @usableFromInline func check(_ statement: StatementIdentity) throws(Fault) {
        try unsafe ResultMemory.check(result, statement)
    }

    @usableFromInline var rowCount: Int { unsafe ResultMemory.rowCount(result) }

    /// Rows changed by `INSERT`, `UPDATE` or `DELETE`; rows read by `SELECT`.
    @usableFromInline var affected: Int { unsafe ResultMemory.affected(result) }

    @inlinable func row<Row>(
        _ index: Int, _ decode: (borrowing RowReader) throws(Fault) -> Row
    ) throws(Fault) -> Row {
        try unsafe decode(RowReader(result: result!, row: index))
    }

    /// All rows.
    @inlinable func rows<Row>(_ decode: (borrowing RowReader) throws(Fault) -> Row) throws(Fault) -> [Row] {
        var rows: [Row] = []
        let count = rowCount
        rows.reserveCapacity(count)
        for index in 0..<count { rows.append(try row(index, decode)) }
        return rows
    }
}

/// Questions to a result of libpq.
@usableFromInline enum ResultMemory {
    @usableFromInline static func free(_ result: OpaquePointer?) { unsafe PQclear(result) }

    static func succeeded(_ result: OpaquePointer?) -> Bool {
        let status = unsafe PQresultStatus(result)
        return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY
    }

    static func check(_ result: OpaquePointer?, _ statement: StatementIdentity) throws(Fault) {
        guard unsafe succeeded(result) else { throw unsafe Fault(failed: result, statement: statement.name) }
    }

    static func rowCount(_ result: OpaquePointer?) -> Int { unsafe Int(PQntuples(result)) }

    static func affected(_ result: OpaquePointer?) -> Int {
        guard let text = unsafe PQcmdTuples(result) else { return 0 }
        return unsafe Int(String(cString: text)) ?? 0
    }

    /// Whether the failure is one that ends the connection (severity FATAL or PANIC).
    static func endsConnection(_ result: OpaquePointer?) -> Bool {
        guard let severity = unsafe PQresultErrorField(result, Fault.severityField) else { return false }
        let first = unsafe UInt8(bitPattern: severity[0])
        return first == UInt8(ascii: "F") || first == UInt8(ascii: "P")
    }
}
