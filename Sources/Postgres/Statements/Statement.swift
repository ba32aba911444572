// One SQL statement with the types of its parameters and of its rows. Statements are static constants of the capability that owns
// them; each has a number of its own, which names its prepared form on every connection.

import Base
import Synchronization

/// A statement that takes `Parameter`s and gives `Row`s.
public struct Statement<Row, each Parameter: PostgresParameter>: AnyStatement {
    public let identity: StatementIdentity
    @usableFromInline let decode: @Sendable (borrowing RowReader) throws(Fault) -> Row

    /// - Parameters:
    ///   - name: a few words for the log, such as `agent by id`.
    ///   - sql: one statement with `$1`, `$2` … for the parameters.
    ///   - repeatable: a read that may be run again, once, when its connection broke.
    ///   - decode: reads one row.
    public init(
        _ name: String, _ sql: String, repeatable: Bool = false,
        decode: @escaping @Sendable (borrowing RowReader) throws(Fault) -> Row
    ) {
        var types: [UInt32] = []
        for type in repeat (each Parameter).postgresType { types.append(type.oid) }
        identity = StatementIdentity(name: name, sql: sql, types: types, repeatable: repeatable)
        self.decode = decode
    }
}

extension Statement where Row == Void {
    /// A statement whose rows, if any, nobody reads.
    public init(_ name: String, _ sql: String) {
        self.init(name, sql) { _ throws(Fault) in }
    }
}

/// A statement without its types, for the list that is prepared at connect.
public protocol AnyStatement: Sendable {
    var identity: StatementIdentity { get }
}

/// What a connection needs to know of a statement. Lives as long as the program.
@safe public final class StatementIdentity: Sendable {
    public let name: String
    public let sql: String
    /// The place of the statement among all of the process.
    let number: Int
    /// The types of the parameters, by object identifier.
    let types: [UInt32]
    @usableFromInline let repeatable: Bool
    /// The name of its prepared form, as C reads it. Never freed: statements are constants.
    nonisolated(unsafe) let preparedName: UnsafePointer<CChar>

    private static let numbers = Atomic<Int>(0)

    init(name: String, sql: String, types: [UInt32], repeatable: Bool) {
        self.name = name
        self.sql = sql
        self.types = types
        self.repeatable = repeatable
        number = StatementIdentity.numbers.add(1, ordering: .relaxed).oldValue
        let text = Array("s\(number)".utf8CString)
        let memory = UnsafeMutablePointer<CChar>.allocate(capacity: text.count)
        for at in text.indices { unsafe memory[at] = text[at] }
        unsafe preparedName = UnsafePointer(memory)
    }
}
