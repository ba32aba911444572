// Brings a database's schema to that of the program: forward only, one transaction a file, each file once, whatever number of nodes
// start at the same moment. What was applied is remembered with its SHA-256; a file that changed afterwards, or went away, stops it.
// Every call blocks: use it on a blocking pool.

import Base

/// The migrations of a folder against one database.
public struct Migrator: Sendable {
    // Any number that no other advisory lock of the database uses: the letters "insulami".
    static let lockKey: Int64 = 0x696E_7375_6C61_6D69

    private let target: ConnectionTarget
    private let migrations: [Migration]

    /// - Parameters:
    ///   - target: the database, as a user that owns it.
    ///   - folder: the folder of the files.
    public init(_ target: ConnectionTarget, folder: String) throws(Fault) {
        self.target = target
        migrations = try Migration.all(in: folder)
    }

    /// What has been applied and what has not.
    public struct Status: Sendable, Equatable {
        public let applied: [String]
        public let pending: [String]

        public init(applied: [String], pending: [String]) {
            self.applied = applied
            self.pending = pending
        }
    }

    /// Compares the folder with the database and changes nothing.
    /// - Throws: `.invalidState` naming a file that changed after it was applied, or that is missing.
    public func status() throws(Fault) -> Status {
        try status(BlockingConnection(target, application: "insula migrate"))
    }

    /// Applies what is pending.
    /// - Returns: the names that were applied, by us and not by another node meanwhile.
    /// - Throws: `.invalidState` as `status`; `.internalError` naming the file that failed, of which nothing is left.
    @discardableResult public func run() throws(Fault) -> [String] {
        let connection = try BlockingConnection(target, application: "insula migrate")
        // Nothing to do is the common case, and takes one query and no lock.
        if try status(connection).pending.isEmpty { return [] }
        // However long another node migrates, this one waits its turn.
        try connection.run("SET lock_timeout = 0")
        _ = try connection.rows("SELECT pg_advisory_lock(\(Migrator.lockKey))")
        try connection.run("SET lock_timeout = \(Limits.lockTimeoutMilliseconds)")
        try connection.run(
            """
            CREATE TABLE IF NOT EXISTS insula_migrations (
                name text PRIMARY KEY,
                checksum text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT now()
            )
            """)
        let pending = try status(connection).pending
        for migration in migrations where pending.contains(migration.name) { try apply(migration, connection) }
        // The lock ends with the connection.
        return pending
    }

    private func apply(_ migration: Migration, _ connection: BlockingConnection) throws(Fault) {
        do throws(Fault) {
            try connection.run("BEGIN")
            try connection.run(migration.sql, name: migration.name)
            guard connection.isInTransaction else { throw .misdeclared("it ended the transaction that it runs in") }
            _ = try connection.rows(
                "INSERT INTO insula_migrations (name, checksum) VALUES ($1, \(Migrator.checksum("$2")))",
                [migration.name, migration.sql])
            try connection.run("COMMIT")
        } catch {
            throw Fault(.internalError, "The migration \(migration.name) failed.", cause: error.cause ?? error.message)
        }
    }

    private static func checksum(_ text: String) -> String {
        "encode(sha256(convert_to(\(text)::text, 'UTF8')), 'hex')"
    }

    private func status(_ connection: BlockingConnection) throws(Fault) -> Status {
        guard try connection.rows("SELECT to_regclass('insula_migrations')").first?.first ?? nil != nil else {
            return Status(applied: [], pending: migrations.map(\.name))
        }
        // The server hashes the files, so that no hash is needed here. One row for each name on either side.
        let rows = try connection.rows(
            """
            SELECT coalesce(a.name, f.name), a.name IS NOT NULL, f.name IS NOT NULL, a.checksum = \(Migrator.checksum("f.sql"))
            FROM insula_migrations a
            FULL JOIN unnest($1::text[], $2::text[]) AS f (name, sql) ON f.name = a.name
            ORDER BY 1
            """, [Migrator.array(migrations.map(\.name)), Migrator.array(migrations.map(\.sql))])
        var applied: [String] = []
        var pending: [String] = []
        for row in rows {
            let name = row[0] ?? ""
            if row[1] == "f" {
                pending.append(name)
            } else if row[2] == "f" {
                throw Fault(.invalidState, "The migration \(name) was applied, but its file is missing.")
            } else if row[3] == "f" {
                throw Fault(.invalidState, "The migration \(name) was changed after it was applied.")
            } else {
                applied.append(name)
            }
        }
        if let last = applied.last, let early = pending.first(where: { $0 < last }) {
            throw Fault(.invalidState, "The migration \(early) is older than one that was applied.")
        }
        return Status(applied: applied, pending: pending)
    }

    /// The text form of an array of texts.
    private static func array(_ texts: [String]) -> String {
        var result = "{"
        for text in texts {
            if result.utf8.count > 1 { result += "," }
            result += "\""
            for character in text.unicodeScalars {
                if character == "\"" || character == "\\" { result += "\\" }
                result.unicodeScalars.append(character)
            }
            result += "\""
        }
        return result + "}"
    }
}
