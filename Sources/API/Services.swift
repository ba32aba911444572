// What the endpoints call: the capabilities, made by the composition and handed over as one value.

import Base
import Crypto
import Execution
import HTTP
import Identity
import JSON
import Postgres
import RateLimiting
import Synchronization
import Tenancy

/// The capabilities behind the API.
public final class Services: Sendable {
    public let configuration: Configuration
    public let version: String
    let database: Database
    let tenants: Tenants
    let roles: Roles
    let auditLog: AuditLog
    let exports: Exports
    let operators: Operators
    let administration: TenantAdministration
    let signupCodes: SignupCodes
    let keys: APIKeys
    let passwords: Passwords
    let authenticator: Authenticator
    let signingKeys: SigningKeys
    let sessions: Sessions
    let logins: Logins
    let stepUps: StepUps
    let secondFactors: SecondFactors
    let proxies: TrustedProxies
    let accounts: Accounts
    let registrations: Registrations
    let users: Users
    let invitations: Invitations
    let tokens: TokenService
    let core: ExecutionCore
    let nodes: Nodes
    let eventLog: EventLog
    let live: LiveServices
    let idempotencyKeys: IdempotencyKeys
    let limiter: RateLimiter
    /// Further families of metrics: the worker's.
    private let furtherMetrics: @Sendable (inout MetricsText) -> Void
    private let described = Mutex<Described>(Described())

    private struct Described {
        var openAPI: [UInt8] = []
        var metrics: RequestMetrics?
        var server: Server?
    }

    public init(
        configuration: Configuration,
        version: String,
        database: Database,
        authenticator: Authenticator,
        signingKeys: SigningKeys,
        sessions: Sessions,
        proxies: TrustedProxies,
        rootKey: RootKey,
        passwords: Passwords,
        accounts ground: AccountGround,
        core: ExecutionCore,
        nodes: Nodes,
        eventHub: EventHub,
        loopCount: Int,
        idempotencyKeys: IdempotencyKeys,
        limiter: RateLimiter,
        furtherMetrics: @escaping @Sendable (inout MetricsText) -> Void
    ) {
        self.configuration = configuration
        self.version = version
        self.database = database
        self.authenticator = authenticator
        self.signingKeys = signingKeys
        self.sessions = sessions
        self.passwords = passwords
        self.proxies = proxies
        let secondFactor = SecondFactor(database: database, rootKey: rootKey)
        logins = Logins(
            database: database, passwords: passwords, sessions: sessions, secondFactor: secondFactor, rootKey: rootKey)
        stepUps = StepUps(
            database: database, passwords: passwords, sessions: sessions, authenticator: authenticator, secondFactor: secondFactor
        )
        secondFactors = SecondFactors(database: database, check: secondFactor, authenticator: authenticator)
        tenants = Tenants(database: database)
        roles = Roles(database: database)
        auditLog = AuditLog(database: database)
        exports = Exports(database: database)
        operators = Operators(database: database)
        administration = TenantAdministration(database: database)
        signupCodes = SignupCodes(database: database)
        accounts = Accounts(ground)
        registrations = Registrations(ground, signUp: configuration.signUp)
        users = Users(ground)
        invitations = Invitations(ground)
        keys = APIKeys(database: database, authenticator: authenticator, environment: configuration.keyEnvironment)
        tokens = TokenService(sessions: sessions, keys: keys)
        self.core = core
        self.nodes = nodes
        eventLog = EventLog(database: database)
        live = LiveServices(authenticator: authenticator, hub: eventHub, watch: ReaderWatch(loopCount: loopCount))
        self.idempotencyKeys = idempotencyKeys
        self.limiter = limiter
        self.furtherMetrics = furtherMetrics
    }

    /// Takes what is known only when the table of endpoints is made.
    func describe(_ endpoints: [Endpoint], _ metrics: RequestMetrics) {
        let document = OpenAPI.document(endpoints, version: version)
        described.withLock { described in
            described.openAPI = document
            described.metrics = metrics
        }
    }

    /// Takes the server that these services are behind, whose connections are counted.
    public func count(_ server: Server) {
        described.withLock { $0.server = server }
    }

    /// The OpenAPI document.
    public var openAPI: [UInt8] { described.withLock { $0.openAPI } }

    /// All that is counted, in Prometheus' text format.
    func metricsText() -> String {
        var text = MetricsText()
        described.withLock { $0.metrics }?.write(to: &text)
        database.writeMetrics(to: &text)
        passwords.writeMetrics(to: &text)
        described.withLock { $0.server }?.writeMetrics(to: &text)
        limiter.writeMetrics(to: &text)
        furtherMetrics(&text)
        return text.text
    }
}
