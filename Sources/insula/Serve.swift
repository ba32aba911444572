// Runs the server, start to stop, in order: database, migrations, first tenant, lanes, worker, port; and back. SIGTERM and SIGINT drain
// and stop it, SIGHUP reads the certificates again. A second SIGTERM while it drains ends it at once.

import Assembly
import Base
import Crypto
import Foundation
import HTTP
import Identity
import Loop
import Postgres

struct Serve {
    private static let drainMilliseconds = 10_000

    private let configuration: Configuration

    init(_ configuration: Configuration) {
        self.configuration = configuration
    }

    func run() throws(Fault) {
        // Blocked before any thread starts, so that all threads inherit it and the signals wait for `sigwait`.
        Signals.block()
        let address = try Serve.address(configuration)
        try Composition.check(configuration)
        _ = try Foundations.migrationsFolder(of: configuration)
        let tls = try Serve.tls(configuration)
        try Listener.probe(address)
        if let email = configuration.ownerEmail { _ = try EmailAddress(email, field: "INSULA_OWNER_EMAIL") }
        let node = try NodeIdentity.claim(in: configuration.dataFolder)
        // Read before a database is started for nothing.
        _ = try RootKeyFile.load(configuration)
        let foundations = try Foundations(configuration, loopCount: configuration.loopCount, adoptsRunning: false)
        do throws(Fault) {
            try serve(on: address, tls: tls, node: node, foundations)
        } catch {
            foundations.stop()
            throw error
        }
        foundations.stop()
    }

    private func serve(
        on address: SocketAddress, tls: TLSContext?, node: NodeID, _ foundations: Foundations
    ) throws(Fault) {
        let rootKey = try RootKeyGuard.claim(configuration, for: foundations.target)
        let parts = try Composition(
            configuration, group: foundations.group, pool: foundations.pool, target: foundations.target, node: node,
            rootKey: rootKey.key)
        // The port comes first: a port that is taken is known before anything changes, and a probe of life is answered at once. Until the
        // lanes are connected everything else is answered 503.
        let server = try foundations.wait { () async throws(Fault) in try await parts.serve(on: address, tls: tls) }
        do throws(Fault) {
            let first = try prepare(foundations, parts, rootKey)
            announce(server, rootKey, first)
            waitForEnd(tls)
        } catch {
            stop(server, parts, foundations)
            throw error
        }
        Log.write(.info, "stopping")
        stop(server, parts, foundations)
    }

    /// Migrations, whose the database is, the lanes, the worker, and last the first tenant: its secrets are shown once, so that nothing may fail between the
    /// commit that makes it and the words that show it.
    private func prepare(
        _ foundations: Foundations, _ parts: Composition, _ rootKey: RootKeyGuard
    ) throws(Fault) -> Provisioning.NewTenant? {
        let applied = try foundations.migrator().run()
        for name in applied { Log.write(.info, "migration applied", ["name": .text(name)]) }
        try rootKey.record(configuration, in: foundations.target)
        try foundations.wait { () async throws(Fault) in try await parts.start() }
        return try provision(foundations)
    }

    private func stop(_ server: Server, _ parts: Composition, _ foundations: Foundations) {
        foundations.group.waitForEnd(of: {
            await server.stop(graceMilliseconds: Serve.drainMilliseconds)
            await parts.stop(graceMilliseconds: Serve.drainMilliseconds)
        })
    }

    /// Makes the first tenant when there is none.
    private func provision(_ foundations: Foundations) throws(Fault) -> Provisioning.NewTenant? {
        let database = foundations.operatorDatabase()
        return try foundations.wait { () async throws(Fault) in
            do throws(Fault) {
                let made = try await Provisioning(
                    database: database, pool: foundations.pool, environment: configuration.keyEnvironment
                ).provisionFirst(ownerEmail: configuration.ownerEmail)
                await database.stop()
                return made
            } catch {
                await database.stop()
                throw error
            }
        }
    }

    private func announce(_ server: Server, _ rootKey: RootKeyGuard, _ first: Provisioning.NewTenant?) {
        let scheme = configuration.tlsCertificateFile == nil ? "http" : "https"
        let host = configuration.host.contains(":") ? "[\(configuration.host)]" : configuration.host
        let address = "\(scheme)://\(host):\(server.address.port)"
        Terminal.say("insula \(Composition.version) serves \(address)")
        if rootKey.isNew {
            Terminal.say(Greeting.rootKey(rootKey.key.fingerprint, file: RootKeyFile.path(configuration)))
        }
        if let first {
            Terminal.say(Greeting.secrets(of: first))
            Terminal.say(Greeting.firstCalls(address: address, key: Greeting.spell(first.ownerKey)))
        }
        Log.write(.info, "serving", ["port": .number(Int(server.address.port))])
    }

    private func waitForEnd(_ tls: TLSContext?) {
        while Signals.wait() == SIGHUP {
            guard let tls else {
                Log.write(.info, "there are no certificates to read again")
                continue
            }
            do throws(Fault) {
                try tls.reload()
                Log.write(.info, "certificates read again")
            } catch {
                Log.write(.error, "the certificates could not be read again; the old ones stay", ["reason": .text(error.message)])
            }
        }
        Signals.endAtNext()
    }

    // MARK: Settings

    static func address(_ configuration: Configuration) throws(Fault) -> SocketAddress {
        let port = UInt16(clamping: configuration.port)
        switch IPAddress(configuration.host == "localhost" ? "127.0.0.1" : configuration.host) {
        case .v4(let bits): return .v4(bits, port: port)
        case .v6(let high, let low): return .v6(SocketAddress.InlineBytes16(high: high, low: low), port: port)
        case nil: throw .invalid("INSULA_HOST", "format", "INSULA_HOST is an IPv4 or IPv6 address.")
        }
    }

    private static func tls(_ configuration: Configuration) throws(Fault) -> TLSContext? {
        guard let certificate = configuration.tlsCertificateFile, let key = configuration.tlsKeyFile else { return nil }
        return try TLSContext(certificateFile: certificate, keyFile: key)
    }
}
