// A table that holds rows of tenants, as far as export and removal are concerned: which of its columns leave the house, and which never do.
// The list of all tables is `TenantTable+all.swift`; a test compares it with the database's own catalogue.

import Base

/// A table of tenants' rows.
public struct TenantTable: Sendable {
    /// How a column is written.
    public enum Kind: Sendable {
        /// An id, as TypeID with that prefix.
        case id(String)
        /// The id of a definition, as TypeID with the prefix of its kind.
        case definition
        case text
        case number
        case flag
        case time
        case json
        case texts
    }

    /// A column that is exported.
    public struct Column: Sendable {
        public let name: String
        let kind: Kind
    }

    public let name: String
    /// What its rows are called in an export; `nil` when none of them leaves.
    public let type: String?
    /// The columns of its primary key behind `tenant_id`, each with its type in the database.
    let key: [(column: String, type: String)]
    public let columns: [Column]
    /// The columns that never leave: they open something, or mean nothing outside.
    public let omitted: [String]
    /// How many rows are read at once: fewer where rows may be long.
    let pageRows: Int
    /// The condition on rows that are deleted and only wait to be removed: they don't leave.
    private(set) var remains = "false"

    /// A table whose rows are exported.
    init(
        _ name: String, as type: String, key: [(column: String, type: String)] = [("id", "uuid")],
        _ columns: [(String, Kind)], omitting omitted: [String] = [], pageRows: Int = 500
    ) {
        self.name = name
        self.type = type
        self.key = key
        self.columns = columns.map { Column(name: $0.0, kind: $0.1) }
        self.omitted = omitted
        self.pageRows = pageRows
    }

    /// A table none of whose rows is exported.
    init(_ name: String, omitting omitted: [String]) {
        self.name = name
        type = nil
        key = []
        columns = []
        self.omitted = omitted
        pageRows = 0
    }

    /// The same without rows that are deleted.
    /// - Parameter remains: the condition on these.
    func without(_ remains: String) -> TenantTable {
        var table = self
        table.remains = remains
        return table
    }
}
