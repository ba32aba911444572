// `insula check`: is everything as a server needs it? A line each, and an honest exit status.

import Assembly
import Base
import Crypto
import Foundation
import HTTP
import Identity
import Postgres
import Tenancy

struct Check {
    private let configuration: Configuration

    init(_ configuration: Configuration) {
        self.configuration = configuration
    }

    /// - Throws: `.unavailable` when a check failed, after all of them were made.
    func run() throws(Fault) {
        var failures = 0
        func check(_ name: String, _ body: () throws(Fault) -> String) {
            do throws(Fault) {
                Terminal.say("ok    \(name): \(try body())")
            } catch {
                failures += 1
                let details = error.fields.map { "\($0.path): \($0.message)" } + [error.cause].compactMap { $0 }
                Terminal.say("FAIL  \(name): \(([error.message] + details).joined(separator: " "))")
            }
        }
        // Reading it got us here; the parts that have a form of their own are read as well.
        check("configuration") { () throws(Fault) in
            _ = try Serve.address(configuration)
            try Composition.check(configuration)
            return "\(Configuration.settings.count) settings, data in \(configuration.dataFolder)"
        }
        var foundations: Foundations?
        check("database") { () throws(Fault) in
            foundations = try Foundations(configuration, loopCount: 1, adoptsRunning: true)
            return configuration.databaseURL == nil ? "the embedded server answers" : "the configured server answers"
        }
        defer { foundations?.stop() }
        if let foundations {
            check("migrations") { () throws(Fault) in
                let status = try foundations.migrator().status()
                guard status.pending.isEmpty else {
                    throw Fault(
                        .unavailable, "\(status.pending.count) pending. insula migrate applies them.",
                        cause: status.pending.joined(separator: " "))
                }
                return "\(status.applied.count) applied, none pending"
            }
            check("root key") { () throws(Fault) in
                let key = try RootKeyGuard.load(configuration, for: foundations.target)
                return key.map { "\($0.fingerprint), and no other in the database" } ?? "none yet. insula serve makes it"
            }
            check("keys") { () throws(Fault) in try keys(foundations) }
        }
        if failures > 0 { throw Fault(.unavailable, failures == 1 ? "1 check failed." : "\(failures) checks failed.") }
    }

    /// Somebody must be able to get in: a tenant, and roles that are there and bound by row-level security.
    private func keys(_ foundations: Foundations) throws(Fault) -> String {
        let database = foundations.operatorDatabase()
        return try foundations.wait { () async throws(Fault) in
            do throws(Fault) {
                try await database.start()
                let count = try await Tenants(database: database).list().count
                let roles = try await database.once(.none).first(Check.boundRoles) ?? 0
                await database.stop()
                guard roles == 2 else {
                    throw Fault(.unavailable, "The roles insula_app and insula_worker are not bound by row-level security.")
                }
                guard count > 0 else { throw Fault(.unavailable, "There is no tenant yet. insula serve makes the first one.") }
                return "\(count) tenant\(count == 1 ? "" : "s"), roles bound by row-level security"
            } catch {
                await database.stop()
                throw error
            }
        }
    }

    private static let boundRoles = Statement<Int>(
        "bound roles",
        """
        SELECT count(*) FROM pg_roles
        WHERE rolname IN ('insula_app', 'insula_worker') AND NOT rolsuper AND NOT rolbypassrls
        """
    ) { row throws(Fault) in try row.value(0) }
}
