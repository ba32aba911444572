// A plain connection for the work of starting up: migrations, the embedded cluster, checks. Every call blocks its thread, so it is
// used on a blocking pool or before there are loops, never on one.

import Base
import CPostgres

/// A connection whose calls block.
@safe public final class BlockingConnection {
    private let connection: OpaquePointer

    /// Connects.
    /// - Parameter role: the role to take; the URL's own when empty.
    /// - Throws: `.unavailable` with libpq's message as the cause.
    public init(_ target: ConnectionTarget, role: String = "", application: String = "insula") throws(Fault) {
        let startup = ConnectionTarget.Startup(role: role, application: application, statementTimeout: 0)
        guard let connection = unsafe target.connection(startup, blocking: true) else {
            throw .databaseUnavailable("libpq has no memory")
        }
        unsafe self.connection = unsafe connection
        unsafe PQsetNoticeProcessor(connection, { _, _ in }, nil)
        guard unsafe PQstatus(connection) == CONNECTION_OK else {
            throw .databaseUnavailable(unsafe String(cString: PQerrorMessage(connection)))
        }
    }

    deinit {
        unsafe PQfinish(connection)
    }

    /// Whether a transaction is open and healthy.
    public var isInTransaction: Bool { unsafe PQtransactionStatus(connection) == PQTRANS_INTRANS }

    /// Runs any number of statements, without reading what they give.
    public func run(_ sql: String, name: String = "statement") throws(Fault) {
        let result = unsafe PQexec(connection, sql)
        defer { unsafe PQclear(result) }
        guard unsafe ResultMemory.succeeded(result) else { throw unsafe Fault(failed: result, statement: name) }
    }

    /// Runs one statement with parameters as text, and gives its rows as text.
    public func rows(_ sql: String, _ parameters: [String] = [], name: String = "statement") throws(Fault) -> [[String?]] {
        let result = unsafe CStrings.lend(parameters) { values in
            unsafe PQexecParams(connection, sql, Int32(parameters.count), nil, values, nil, nil, 0)
        }
        defer { unsafe PQclear(result) }
        guard unsafe ResultMemory.succeeded(result) else { throw unsafe Fault(failed: result, statement: name) }
        return unsafe (0..<PQntuples(result)).map { row in
            unsafe (0..<PQnfields(result)).map { column in
                unsafe PQgetisnull(result, row, column) != 0 ? nil : String(cString: PQgetvalue(result, row, column))
            }
        }
    }
}
