// One row, read in place: columns by position, straight from the memory of libpq's result. It cannot be kept past the call that
// lends it.

import Base
import CPostgres

/// Reads the columns of one row.
@safe public struct RowReader: ~Copyable {
    private let result: OpaquePointer
    private let row: Int32

    @usableFromInline init(result: OpaquePointer, row: Int) {
        unsafe self.result = unsafe result
        self.row = Int32(row)
    }

    /// The value of the column at `position`, from 0. Reading as an `Optional` accepts NULL.
    /// - Throws: `.internalError` when the column is not of that type: the statement and its declaration disagree.
    @inlinable public func value<Value: PostgresColumn>(
        _ position: Int, as type: Value.Type = Value.self
    ) throws(Fault) -> Value {
        guard let value = unsafe Value.read(bytes(at: position)) else { throw disagreement(position) }
        return value
    }

    /// Lends the bytes of the column at `position`: a `bytea`, a text, or the text of a `jsonb`. NULL has none.
    public func withBytes<Value>(_ position: Int, _ body: (RawSpan) throws(Fault) -> Value) throws(Fault) -> Value {
        var content = unsafe bytes(at: position)
        if unsafe content.first == JSONBytes.version, unsafe PQftype(result, Int32(position)) == PostgresType.jsonb.oid {
            unsafe content = UnsafeRawBufferPointer(rebasing: content.dropFirst())
        }
        return unsafe try body(content.bytes)
    }

    /// Whether the column at `position` is NULL.
    public func isNull(_ position: Int) -> Bool {
        unsafe PQgetisnull(result, row, Int32(position)) != 0
    }

    @usableFromInline func bytes(at position: Int) -> UnsafeRawBufferPointer {
        let column = Int32(position)
        if unsafe PQgetisnull(result, row, column) != 0 { return unsafe UnsafeRawBufferPointer(start: nil, count: 0) }
        return unsafe UnsafeRawBufferPointer(
            start: PQgetvalue(result, row, column), count: Int(PQgetlength(result, row, column)))
    }

    @usableFromInline func disagreement(_ position: Int) -> Fault {
        let name = unsafe PQfname(result, Int32(position)).map { unsafe String(cString: $0) } ?? "missing"
        let what = isNull(position) ? "NULL" : "of another type"
        return .misdeclared("column \(position) (\(name)) is \(what)")
    }
}
