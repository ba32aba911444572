// The operator's commands that are done at once.

import API
import Assembly
import Base
import Crypto
import HTTP
import Identity
import Loop
import Postgres
import Tenancy

struct Operation {
    private let configuration: Configuration

    init(_ configuration: Configuration) {
        self.configuration = configuration
    }

    func migrate() throws(Fault) {
        try withFoundations { foundations throws(Fault) in
            let applied = try foundations.migrator().run()
            for name in applied { Terminal.say(name) }
            Terminal.remark(applied.isEmpty ? "insula: nothing is pending." : "insula: \(applied.count) applied.")
        }
    }

    func listTenants() throws(Fault) {
        let tenants = try withOperator { database, _ async throws(Fault) in try await Tenants(database: database).list() }
        for tenant in tenants {
            Terminal.say("\(tenant.slug)\t\(tenant.state.rawValue)\t\(tenant.plan.rawValue)\t\(tenant.id)\t\(tenant.name)")
        }
    }

    func createTenant(slug: String, name: String, email: String?) throws(Fault) {
        let made = try withOperator { database, foundations async throws(Fault) in
            try await provisioning(database, foundations).create(slug: slug, name: name, ownerEmail: email)
        }
        Terminal.say(Greeting.secrets(of: made))
    }

    func resetPassword(tenant slug: String, user: String) throws(Fault) {
        let password = try withOperator { database, foundations async throws(Fault) in
            guard let tenant = try await Tenants(database: database).find(slug: slug) else {
                throw Fault.invalid("--tenant", "reference", "There is no tenant \(slug).")
            }
            return try await provisioning(database, foundations).resetPassword(of: user, tenant: tenant.id)
        }
        Terminal.say(Greeting.spell(password))
    }

    func createSignUpCode() throws(Fault) {
        let code = try withOperator { database, _ async throws(Fault) in try await SignupCodes(database: database).make() }
        Terminal.say(Greeting.spell(code))
    }

    /// - Parameters:
    ///   - scopes: those of the role's that the key holds, separated by commas; all of them when left out.
    ///   - expiry: a moment in RFC 3339; never when left out.
    func createKey(tenant slug: String, role: String, name: String, scopes: String?, expiry: String?) throws(Fault) {
        guard let role = Role(rawValue: role) else {
            throw .invalid("--role", "enum", "A role is \(Role.allCases.map(\.rawValue).joined(separator: ", ")).")
        }
        guard (1...100).contains(name.unicodeScalars.count) else {
            throw .invalid("--name", "length", "A name has 1 to 100 characters.")
        }
        let scopes = try scopes.map { text throws(Fault) in try Operation.rights(text, of: role) }
        let moment = expiry.flatMap { Timestamp(rfc3339: $0) }
        guard expiry == nil || moment.map({ $0 > .now }) == true else {
            throw .invalid("--expires", "format", "An expiry is a moment to come in RFC 3339, such as 2030-01-01T00:00:00Z.")
        }
        let text = try withOperator { database, foundations async throws(Fault) in
            guard let tenant = try await Tenants(database: database).find(slug: slug) else {
                throw Fault.invalid("--tenant", "reference", "There is no tenant \(slug).")
            }
            return try await provisioning(database, foundations).createKey(
                CreateAPIKey(name: name, role: .builtIn(role), scopes: scopes, expiresAt: moment), tenant: tenant.id)
        }
        Terminal.say(Greeting.spell(text))
    }

    private static func rights(_ text: String, of role: Role) throws(Fault) -> [Right] {
        var rights: [Right] = []
        for name in text.split(separator: ",") {
            guard let right = Right(rawValue: String(name)), role.rights.contains(right) else {
                throw .invalid("--scopes", "enum", "The role \(role.rawValue) holds no \(name).")
            }
            rights.append(right)
        }
        return rights
    }

    /// Lets the next signing key sign from now on.
    func rotateSigningKeys() throws(Fault) {
        try withFoundations { foundations throws(Fault) in
            let rootKey = try RootKeyGuard.require(configuration, for: foundations.target)
            try withOperator(of: foundations, sealingUnder: rootKey) { database, _ async throws(Fault) in
                try await SigningKeys(database: database, rootKey: rootKey.key).rotate()
            }
        }
        Terminal.remark("insula: the next key signs from now on; tokens of the one before stay good until they end.")
    }

    func createOperator(name: String) throws(Fault) {
        let made = try withOperator { database, _ async throws(Fault) in
            try await Operators(database: database).create(name: name)
        }
        Terminal.remark("insula: \(made.id) is an operator; the key is shown this once.")
        Terminal.say(Greeting.spell(made.key))
    }

    func listOperators() throws(Fault) {
        let operators = try withOperator { database, _ async throws(Fault) in try await Operators(database: database).list() }
        for one in operators { Terminal.say("\(one.id)\t\(one.revokedAt == nil ? "active" : "revoked")\t\(one.name)") }
    }

    func revokeOperator(_ text: String) throws(Fault) {
        guard let id = OperatorID(text) else { throw .invalid("--id", "format", "This is no operator's id.") }
        try withOperator { database, _ async throws(Fault) in try await Operators(database: database).revoke(id) }
    }

    private func provisioning(_ database: Database, _ foundations: Foundations) -> Provisioning {
        Provisioning(database: database, pool: foundations.pool, environment: foundations.configuration.keyEnvironment)
    }

    func printOpenAPI() throws(Fault) {
        // The document says what the table of endpoints says, for which nothing has to be connected.
        let group = LoopGroup(count: 1)
        let parts = try Composition(
            configuration, group: group, pool: BlockingPool(name: "blocking"), target: ConnectionTarget("postgresql:///insula"),
            node: .make(), rootKey: .generate())
        Terminal.say(String(decoding: parts.api.openAPI, as: UTF8.self))
        group.stop()
    }

    private func withFoundations<Value>(_ body: (Foundations) throws(Fault) -> Value) throws(Fault) -> Value {
        // Before a database is made or started for nothing.
        _ = try Foundations.migrationsFolder(of: configuration)
        let foundations = try Foundations(configuration, loopCount: 1, adoptsRunning: true)
        defer { foundations.stop() }
        return try body(foundations)
    }

    /// Runs `body` with the operator's database, whose migrations have to be applied.
    private func withOperator<Value: Sendable>(
        _ body: @escaping @Sendable (Database, Foundations) async throws(Fault) -> Value
    ) throws(Fault) -> Value {
        try withFoundations { foundations throws(Fault) in try withOperator(of: foundations, body) }
    }

    /// - Parameter rootKey: what `body` seals and opens with.
    private func withOperator<Value: Sendable>(
        of foundations: Foundations, sealingUnder rootKey: RootKeyGuard? = nil,
        _ body: @escaping @Sendable (Database, Foundations) async throws(Fault) -> Value
    ) throws(Fault) -> Value {
        try foundations.migrator().run()
        try rootKey?.record(configuration, in: foundations.target)
        let database = foundations.operatorDatabase()
        return try foundations.wait { () async throws(Fault) in
            try await database.start()
            do throws(Fault) {
                let value = try await body(database, foundations)
                await database.stop()
                return value
            } catch {
                await database.stop()
                throw error
            }
        }
    }
}
