// Ties a database to its root key. The database holds the fingerprint of the key that its sealed values need; a process with another key
// ends before it does anything, and on a database that has a fingerprint no key is ever made. Nothing here unseals anything.

import Base
import Crypto
import Postgres

/// A root key that may be used with the database it was claimed for.
struct RootKeyGuard {
    let key: RootKey
    /// Whether it was made at this start, for a database that had none.
    let isNew: Bool

    /// The key of the configuration, or a new one when neither it nor the database knows any.
    /// - Throws: `.invalidState` naming the fingerprints when the database belongs to another key; `.invalid` as `RootKeyFile.load`.
    static func claim(_ configuration: Configuration, for target: ConnectionTarget) throws(Fault) -> RootKeyGuard {
        if let loaded = try load(configuration, for: target) { return RootKeyGuard(key: loaded, isNew: false) }
        guard let key = try RootKeyFile.make(configuration) else {
            guard let theirs = try load(configuration, for: target) else {
                throw Fault(.unavailable, "The root key of the data folder was made and removed by another process.")
            }
            return RootKeyGuard(key: theirs, isNew: false)
        }
        Log.write(
            .info, "root key made",
            ["file": .text(RootKeyFile.path(configuration)), "fingerprint": .text(key.fingerprint)])
        return RootKeyGuard(key: key, isNew: true)
    }

    /// The key of the configuration, for a command that seals or opens. Such a command makes none.
    /// - Throws: as `claim`; `.invalidState` when there is no key yet.
    static func require(_ configuration: Configuration, for target: ConnectionTarget) throws(Fault) -> RootKeyGuard {
        guard let loaded = try load(configuration, for: target) else {
            throw Fault(.invalidState, "There is no root key yet: the first start of insula serve makes it.")
        }
        return RootKeyGuard(key: loaded, isNew: false)
    }

    /// The key of the configuration; `nil` when neither it nor the database knows any.
    /// - Throws: as `claim`.
    static func load(_ configuration: Configuration, for target: ConnectionTarget) throws(Fault) -> RootKey? {
        let loaded = try RootKeyFile.load(configuration)
        guard let recorded = try fingerprint(BlockingConnection(target)) else { return loaded }
        guard let loaded else {
            throw Fault(
                .invalidState,
                "This database belongs to the root key \(recorded), and there is no file \(RootKeyFile.path(configuration)) that holds it."
            )
        }
        try check(loaded, recorded)
        return loaded
    }

    /// Writes down whose the database is, once its migrations are applied and before anything is sealed.
    /// - Throws: `.invalidState` when another node was first, with another key; a key that was made for nothing is removed again.
    func record(_ configuration: Configuration, in target: ConnectionTarget) throws(Fault) {
        let connection = try BlockingConnection(target)
        _ = try connection.rows(
            "INSERT INTO installation (fingerprint) VALUES ($1) ON CONFLICT DO NOTHING", [key.fingerprint])
        guard let recorded = try RootKeyGuard.fingerprint(connection) else {
            throw Fault(.internalError, "The fingerprint of the root key was not written down.")
        }
        do throws(Fault) {
            try RootKeyGuard.check(key, recorded)
        } catch {
            if isNew { RootKeyFile.remove(configuration) }
            throw error
        }
    }

    private static func check(_ key: RootKey, _ recorded: String) throws(Fault) {
        guard key.fingerprint == recorded else {
            throw Fault(
                .invalidState,
                "This database belongs to the root key \(recorded), and not to \(key.fingerprint), which was given.")
        }
    }

    /// `nil` before the first server, also when the migrations are still to be applied.
    private static func fingerprint(_ connection: BlockingConnection) throws(Fault) -> String? {
        guard try connection.rows("SELECT to_regclass('installation')").first?.first ?? nil != nil else { return nil }
        return try connection.rows("SELECT fingerprint FROM installation").first?.first ?? nil
    }
}
