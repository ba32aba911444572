// What tests of accounts share: a tenant that takes everybody, and the links of its mails.

import Base
import InsulaTesting
import JSON
import Postgres
import Testing

extension Visit {
    /// A password that nothing is wrong with.
    static let password: JSONValue = "purple lantern seventeen geese"

    /// A login with that password instead of the first one.
    static var newPassword: JSONObject {
        var body = JSONObject()
        body["password"] = password
        return body
    }

    /// Past all policies.
    @discardableResult func sql(_ text: String, _ parameters: [String] = []) throws -> [[String?]] {
        try server.database.connectAsSuperuser().rows(text, [tenant.id.uuid.description] + parameters)
    }

    /// Lets everybody register.
    func openRegistration() throws {
        try sql("UPDATE tenants SET settings = settings || '{\"registration\":\"open\"}' WHERE tenant_id = $1")
    }

    /// An address of this test's own.
    func address(_ local: String) -> String { "\(local)@\(tenant.slug).example.com" }

    /// The token of the last of `count` mails to an address.
    func token(to email: String, _ count: Int = 1, sourceLocation: SourceLocation = #_sourceLocation) async throws -> String {
        let mails = try await server.mail(to: email, count: count)
        let link = try #require(mails.last?.link, "\(mails.last?.text ?? "")", sourceLocation: sourceLocation)
        let parts = link.split(separator: "#")
        #expect(parts.count == 2 && parts[0].hasSuffix("/account"), sourceLocation: sourceLocation)
        let pairs = parts.last?.split(separator: "&") ?? []
        return String(try #require(pairs.first { $0.hasPrefix("token=") }, sourceLocation: sourceLocation).dropFirst(6))
    }

    /// Calls as nobody.
    @discardableResult func open(
        _ wanted: Int, _ path: String, _ body: JSONValue, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> TestAnswer {
        let answer = try await server.client().call("POST", path, body, headers: [TestServer.ownAddress()])
        try #require(answer.status == wanted, "\(path): \(answer.text)", sourceLocation: sourceLocation)
        return answer
    }

    /// The body of a registration.
    func registration(_ username: String, _ further: JSONValue = [:]) -> JSONValue {
        let body: JSONValue = [
            "tenant": .string(tenant.slug), "username": .string(username), "email": .string(address(username)),
            "password": Visit.password,
        ]
        return .object((body.object ?? JSONObject()).merging(further.object ?? JSONObject()))
    }

    /// The ids of the first page of a list.
    func ids(_ path: String) async throws -> [String] {
        let page = try await call(200, "GET", path).json["data"]?.array
        return (page ?? []).compactMap { $0["id"]?.string }
    }

    /// The token of an invitation that was made just now.
    func invited(_ email: String, role: String = "member") async throws -> String {
        try await call(201, "POST", "/v1/invitations", ["email": .string(email), "role": .string(role)])
        return try await token(to: email)
    }
}
