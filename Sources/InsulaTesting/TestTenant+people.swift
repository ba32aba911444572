// People of a test's tenant, written straight into the database with one hash that is computed once a process, so that a test with many
// people takes no longer for it.

import Base
import Crypto
import Foundation
import Identity
import JSON
import Postgres
import Tenancy

/// Somebody with an account.
public struct TestPerson: Sendable {
    public let id: UserID
    public let username: String
    public let email: String
    public let password: String
    public let tenant: TestTenant

    /// The body of a login.
    public var loginBody: JSONValue {
        ["login": .string(username), "password": .string(password), "tenant": .string(tenant.slug)]
    }

    /// What a login answers, over a connection of its own.
    /// - Parameter further: members of the body that are added or replaced.
    public func logIn(_ further: JSONObject = JSONObject(), headers: [(String, String)] = []) async throws -> TestAnswer {
        let body = (loginBody.object ?? JSONObject()).merging(further)
        return try await tenant.server.client().call(
            "POST", "/v1/login", .object(body), headers: [TestServer.ownAddress()] + headers)
    }

    /// A client that is logged in, with the access token as its credential.
    public func login() async throws -> TestClient {
        let answer = try await logIn()
        guard answer.status == 200, let token = answer.json["access_token"]?.string else {
            throw Fault(.unauthenticated, "The login of a test's person was answered \(answer.status): \(answer.text)")
        }
        return tenant.server.client(key: token)
    }
}

extension TestTenant {
    /// What everybody's password is.
    public static let password = "correct horse battery staple"

    private static let hash = Result<String, Fault> { () throws(Fault) in try Password.hash(Secret(password)) }

    /// A new person with a built-in role, whose address is verified.
    /// - Parameter state: the column `state`: `active`, `disabled` or `unverified`.
    public func person(_ role: Role = .member, state: String = "active") throws(Fault) -> TestPerson {
        try person(role: role.rawValue, customRole: nil, state: state)
    }

    /// A new person with a role that the tenant made.
    public func person(_ role: RoleID) throws(Fault) -> TestPerson {
        try person(role: nil, customRole: role, state: "active")
    }

    private func person(role: String?, customRole: RoleID?, state: String) throws(Fault) -> TestPerson {
        let id = UserID.make()
        let name = "person-\(id.description.suffix(26))"
        let person = TestPerson(
            id: id, username: name, email: "\(name)@example.com", password: TestTenant.password, tenant: self)
        let superuser = try server.database.connectAsSuperuser()
        _ = try superuser.rows(
            """
            INSERT INTO users (tenant_id, id, username, email, role, role_id, password_hash, state, email_verified_at)
            VALUES ($1, $2, $3, $4, nullif($5, ''), nullif($6, '')::uuid, $7, $8, CASE $8 WHEN 'unverified' THEN NULL ELSE now() END)
            """,
            [
                self.id.uuid.description, id.uuid.description, person.username, person.email, role ?? "",
                customRole?.uuid.description ?? "", try TestTenant.hash.get(), state,
            ])
        return person
    }
}

extension TestPerson {
    /// Gives the person another password, past all rules.
    public func setPassword(_ password: String) throws(Fault) {
        let superuser = try tenant.server.database.connectAsSuperuser()
        let hash = try Password.hash(Secret(password.precomposedStringWithCanonicalMapping))
        _ = try superuser.rows("UPDATE users SET password_hash = $2 WHERE id = $1", [id.uuid.description, hash])
    }
}
