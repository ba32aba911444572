// Which part is made from which: the one place where the capabilities meet, for the program and for the tests of whole servers. A
// composition that was not started has opened nothing. What is started is stopped in the opposite order.

import API
import Base
import Crypto
import Execution
import HTTP
import Identity
import Loop
import Mail
import Postgres
import RateLimiting
import Tenancy

/// The parts of a server.
public struct Composition: Sendable {
    /// The version of the program.
    public static let version = "0.1.0"

    public let database: Database
    public let authenticator: Authenticator
    private let signingKeys: SigningKeys
    /// The sessions of people.
    public let sessions: Sessions
    public let worker: Worker
    /// Lets schedules fire.
    private let scheduler: Scheduler?
    private let nodes: Nodes
    /// Removes what is over.
    public let housekeeping: Housekeeping
    /// Answers the requests.
    public let api: API
    /// Sends what the outbox holds.
    public let mail: MailDelivery
    private let events: EventDelivery
    private let group: LoopGroup
    private let services: Services
    private let client: OutgoingClient
    /// The server of models, when there is one.
    private let models: ChatProvider?
    private let news: News
    private let sharing: BudgetSharing

    /// Makes the parts and connects nothing.
    /// - Parameters:
    ///   - group: the loops that everything lives on.
    ///   - pool: takes what blocks or burns a core.
    ///   - target: the database.
    ///   - node: what this node is called in the queue.
    ///   - rootKey: what everything that is sealed or signed is derived from.
    /// - Throws: as `check`.
    public init(
        _ configuration: Configuration, group: LoopGroup, pool: BlockingPool, target: ConnectionTarget, node: NodeID,
        rootKey: RootKey
    ) throws(Fault) {
        let database = Database(target, loops: group, pool: pool, statements: Composition.statements)
        // Names are looked up apart: tenants choose them, and one that nobody answers for must not hold up a password or a page.
        let names = BlockingPool(name: "names", threads: Limits.nameLookupThreads)
        let client = OutgoingClient(group: group, rule: try Composition.rule(configuration), pool: names)
        let models = try ChatSettings(configuration).map { (settings) throws(Fault) in
            ChatProvider(settings, client: OutgoingClient(group: group, rule: try settings.rule(), pool: names))
        }
        let outbox = MailOutbox(sealing: rootKey.sealingKey("mail outbox"))
        let registry = ToolRegistry.standard(
            database: database, client: client, pool: pool, outbox: outbox, provider: models)
        let events = EventDelivery(database, group)
        let signal = QueueSignal(database: database, loop: group.loops[0], node: node, events: events.signal)
        let worker = Worker(
            database: database, group: group, registry: registry, signal: signal, node: node,
            concurrency: configuration.workerConcurrency)
        nodes = Nodes(
            database: database, loop: group.loops[0], worker: worker, role: configuration.role, version: Composition.version)
        let settings = try Composition.mailSettings(configuration)
        let mail = MailDelivery(
            settings, settings.transport(dataFolder: configuration.dataFolder, names: names, pool: pool), outbox: outbox,
            database: database, home: group.loops[0], node: node)
        let scheduler = Scheduler(database: database, loop: group.loops[0], signal: signal)
        let signingKeys = SigningKeys(database: database, rootKey: rootKey)
        let authenticator = Authenticator(
            database: database, loopCount: group.loops.count,
            tokens: AccessTokens(issuer: configuration.publicURL, keys: signingKeys))
        let passwords = Composition.passwords(configuration)
        let housekeeping = Housekeeping(database: database, loop: group.loops[0])
        self.housekeeping = housekeeping
        sessions = Sessions(database: database, authenticator: authenticator, rootKey: rootKey)
        let limiter = RateLimiter(.suspended)
        let sharing = BudgetSharing(database: database, loop: group.loops[0], limiter: limiter, node: node)
        services = Services(
            configuration: configuration, version: Composition.version, database: database, authenticator: authenticator,
            signingKeys: signingKeys, sessions: sessions, proxies: try Composition.proxies(configuration), rootKey: rootKey,
            passwords: passwords,
            accounts: AccountGround(
                database: database, passwords: passwords, sessions: sessions, outbox: outbox,
                publicURL: configuration.publicURL),
            core: ExecutionCore(database: database, registry: registry, signal: signal, pool: pool), nodes: nodes,
            eventHub: events.hub, loopCount: group.loops.count,
            idempotencyKeys: IdempotencyKeys(sealing: rootKey.sealingKey("idempotency")), limiter: limiter
        ) { text in
            sharing.writeMetrics(to: &text)
            worker.metrics.write(to: &text)
            mail.metrics.write(to: &text)
            scheduler.write(to: &text)
            housekeeping.write(to: &text)
            events.writeMetrics(to: &text)
        }
        self.sharing = sharing
        (self.events, self.group, self.database) = (events, group, database)
        self.client = client
        self.models = models
        self.worker = worker
        self.scheduler = configuration.workerConcurrency > 0 ? scheduler : nil
        self.mail = mail
        self.authenticator = authenticator
        self.signingKeys = signingKeys
        api = API(services, loopCount: group.loops.count)
        news = News(
            target, on: group.loops[0], pool: pool, authenticator: authenticator, signingKeys: signingKeys, signal: signal,
            mail: mail, sharing: sharing, worker: worker, events: events.hub)
    }

    /// What is prepared at connect.
    private static var statements: [any AnyStatement] {
        Tenants.statements + APIKeys.statements + Authenticator.statements + Sessions.statements
            + Logins.statements + StepUps.statements + SecondFactors.statements + Accounts.statements + Invitations.statements
            + ExecutionCore.statements + MailOutbox.statements + EventLog.statements
    }

    /// Binds and begins to answer. What needs the database is answered 503 until `start` has connected it.
    /// - Throws: `.unavailable` when the address can't be bound.
    public func serve(on address: SocketAddress, tls: TLSContext? = nil) async throws(Fault) -> Server {
        let server = try await Server(on: address, group: group, responder: api, tls: tls)
        services.count(server)
        return server
    }

    /// Connects to the database, listens for news and begins to work. The migrations have to be applied.
    /// - Throws: as `Database.start`.
    public func start() async throws(Fault) {
        try await database.start()
        try await signingKeys.start(on: group.loops[0])
        authenticator.uses.start(on: group)
        news.start()
        await sharing.start()
        await events.start()
        await worker.start()
        await scheduler?.start()
        await nodes.start()
        await mail.start()
        await housekeeping.start()
    }

    /// Lets what runs end for at most `graceMilliseconds`, and closes all connections. Stop the server first.
    public func stop(graceMilliseconds: Int) async {
        await housekeeping.stop()
        await scheduler?.stop()
        await nodes.stop()
        await worker.stop(graceMilliseconds: graceMilliseconds)
        await mail.stop(graceMilliseconds: graceMilliseconds)
        await events.stop()
        await sharing.stop()
        await news.stop()
        await authenticator.uses.stop(on: group)
        await signingKeys.stop()
        await client.stop()
        await models?.stop()
        await database.stop()
    }

    /// Reads the settings that have a form of their own.
    /// - Throws: `.invalid` naming the first that is malformed.
    public static func check(_ configuration: Configuration) throws(Fault) {
        _ = try rule(configuration)
        _ = try proxies(configuration)
        _ = try mailSettings(configuration)
        _ = try ChatSettings(configuration)
    }

    /// Where people reach this server.
    public static func publicURL(_ configuration: Configuration) throws(Fault) -> WebURL {
        guard let url = WebURL(configuration.publicURL), url.scheme == "http" || url.scheme == "https", !url.hasCredentials,
            url.query == nil, url.fragment == nil
        else {
            throw .invalid("INSULA_PUBLIC_URL", "format", "INSULA_PUBLIC_URL is an http or https URL without query and fragment.")
        }
        return url
    }

    private static func mailSettings(_ configuration: Configuration) throws(Fault) -> MailSettings {
        try MailSettings(
            publicURL: publicURL(configuration), sender: configuration.mailFrom, smtpURL: configuration.smtpURL)
    }

    private static func passwords(_ configuration: Configuration) -> Passwords {
        Passwords(
            parameters: Password.Parameters(
                memoryKibibytes: configuration.passwordMemoryMebibytes << 10, iterations: configuration.passwordPasses, lanes: 1),
            threads: configuration.passwordThreads)
    }

    /// The guard of outgoing connections with the operator's list.
    public static func rule(_ configuration: Configuration) throws(Fault) -> AddressGuard {
        do throws(Fault) {
            return try AddressGuard(allowing: configuration.outboundAllow)
        } catch {
            throw .invalid("INSULA_OUTBOUND_ALLOW", "format", error.fields.first?.message ?? error.message)
        }
    }

    /// The proxies whose word about the caller's address is taken.
    /// - Throws: `.invalid` naming `INSULA_TRUSTED_PROXIES` when that list is malformed.
    public static func proxies(_ configuration: Configuration) throws(Fault) -> TrustedProxies {
        do throws(Fault) {
            return try TrustedProxies(configuration.trustedProxies)
        } catch {
            throw .invalid("INSULA_TRUSTED_PROXIES", "format", error.fields.first?.message ?? error.message)
        }
    }
}
