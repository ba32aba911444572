// A whole server in the test's process: the product's own composition on a database of its own, with its worker, two loops and a port
// that the system chose. Most tests share one and are apart by their tenants, which is what the product promises.

import API
import Assembly
import Base
import Crypto
import Glibc
import HTTP
import Identity
import JSON
import Loop
import Mail
import Postgres
import Synchronization
import Tenancy

/// A running server.
public final class TestServer: Sendable {
    public let database: TestDatabase
    public let port: UInt16
    let composition: Composition
    private let server: Server
    let group: LoopGroup
    private let pool: BlockingPool
    /// Where clients and the operator live.
    let visitors: LoopGroup
    let operating: Database
    let mailFolder: TestMailFolder

    /// One for all servers of the process, as nodes of one installation have it.
    private static let rootKey = RootKey.generate()
    public var rootKey: RootKey { TestServer.rootKey }
    private static let number = Atomic<Int>(0)
    private static let one = Task { () async -> Result<TestServer, any Error> in
        do {
            return .success(try await start())
        } catch {
            return .failure(error)
        }
    }

    /// The server that the tests of this process share. It may fetch from loopback.
    public static func shared() async throws -> TestServer {
        try await one.value.get()
    }

    /// Runs `body` with a server of its own.
    /// - Parameters:
    ///   - database: where it keeps its things; a new one when left out.
    ///   - settings: variables of the configuration that differ from a test's usual ones.
    public static func run<Value: Sendable>(
        on database: TestDatabase? = nil, _ settings: [String: String] = [:],
        _ body: @Sendable (TestServer) async throws -> Value
    ) async throws -> Value {
        let server = try await start(on: database, settings)
        do {
            let value = try await body(server)
            await server.stop()
            return value
        } catch {
            await server.stop()
            throw error
        }
    }

    private static func start(on given: TestDatabase? = nil, _ settings: [String: String] = [:]) async throws -> TestServer {
        let database: TestDatabase
        if let given { database = given } else { database = try await TestDatabase.make() }
        let usual = [
            "INSULA_PORT": "0", "INSULA_LOOPS": "2", "INSULA_LOG": "error", "INSULA_OUTBOUND_ALLOW": "127.0.0.0/8",
            "INSULA_WORKERS": "8", "INSULA_DATA": "/tmp/insula-test-\(getpid())/data-\(database.name)",
            "INSULA_TRUSTED_PROXIES": "127.0.0.0/8",
            "INSULA_ANONYMOUS_PER_MINUTE": "1000000", "INSULA_AUTHENTICATION_PER_SECOND": "1000000",
        ]
        let configuration = try Configuration(environment: usual.merging(settings) { $1 }, coreCount: 2)
        return try await TestServer(database, configuration)
    }

    private init(_ database: TestDatabase, _ configuration: Configuration) async throws(Fault) {
        Log.setLevel(configuration.logLevel)
        self.database = database
        let target = try ConnectionTarget(database.url)
        group = LoopGroup(count: configuration.loopCount)
        visitors = LoopGroup(count: 1)
        pool = BlockingPool(name: "blocking")
        // Servers on one database are nodes of one installation, and any of them may write a mail.
        mailFolder = await visitors.loops[0].call { [loop = visitors.loops[0]] in
            TestMailFolder("\(configuration.dataFolder)/\(MailSettings.folder)", on: loop)
        }
        composition = try Composition(
            configuration, group: group, pool: pool, target: target, node: .make(), rootKey: TestServer.rootKey)
        operating = Database(
            target, loops: visitors, pool: pool, roles: Database.Roles(application: "none", worker: "none"))
        server = try await TestServer.serve(composition, group)
        port = server.address.port
        try await operating.start()
    }

    /// Starts on the first loop, where the parts want to be started.
    private static func serve(_ composition: Composition, _ group: LoopGroup) async throws(Fault) -> Server {
        let started = await group.loops[0].call { () -> Result<Server, Fault> in
            do throws(Fault) {
                try await composition.start()
                return .success(try await composition.serve(on: .v4(0x7F00_0001, port: 0)))
            } catch {
                return .failure(error)
            }
        }
        return try started.get()
    }

    private func stop() async {
        await group.loops[0].call { [self] in
            await server.stop(graceMilliseconds: 1_000)
            await composition.stop(graceMilliseconds: 1_000)
        }
        await operating.stop()
        await mailFolder.loop.call { [mailFolder] in mailFolder.stop() }
        group.stop()
        visitors.stop()
        pool.stop()
    }

    // MARK: Who calls it

    /// The paths of the OpenAPI document, each with its operations by method.
    public var paths: JSONObject {
        (try? JSONValue(parsing: composition.api.openAPI))?["paths"]?.object ?? JSONObject()
    }

    /// A client of its own connection, with the credential `key` if there is one.
    public func client(key: String? = nil, headers: [(String, String)] = []) -> TestClient {
        TestClient(
            port: port, on: visitors.loops[0], headers: (key.map { [("authorization", "Bearer \($0)")] } ?? []) + headers)
    }

    /// A new tenant, made as its operator makes one.
    public func tenant() async throws(Fault) -> TestTenant {
        let slug = "test-\(TestServer.number.add(1, ordering: .relaxed).newValue)"
        let made = try await operate { (provisioning) async throws(Fault) in
            try await provisioning.create(slug: slug, name: "Tenant \(slug)")
        }
        // No test but those about limits is to meet one.
        _ = try database.connectAsSuperuser().rows(
            """
            UPDATE tenants
            SET quotas = '{
                "requests_per_minute": 100000000, "running_agents": 100000, "users": 100000, "keys": 100000, "definitions": 100000}'
            WHERE tenant_id = $1
            """, [made.id.uuid.description])
        return TestTenant(id: made.id, slug: slug, key: TestServer.spell(made.ownerKey), server: self)
    }

    /// A key of a tenant, made as its operator makes one.
    func key(_ input: CreateAPIKey, of tenant: TenantID) async throws(Fault) -> String {
        TestServer.spell(
            try await operate { (provisioning) async throws(Fault) in
                try await provisioning.createKey(input, tenant: tenant)
            })
    }

    private func operate<Value: Sendable>(
        _ body: @escaping @Sendable (Provisioning) async throws(Fault) -> Value
    ) async throws(Fault) -> Value {
        let provisioning = Provisioning(database: operating, pool: pool, environment: "live")
        let outcome = await visitors.loops[0].call { () -> Result<Value, Fault> in
            do throws(Fault) {
                return .success(try await body(provisioning))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    static func spell(_ secret: Secret) -> String {
        unsafe secret.withBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }
}
