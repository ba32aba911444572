// A second factor for people of tests: enrolled over the API, with the app's part played here.

import Base
import Crypto
import JSON

/// The app of somebody, and his recovery codes.
public struct TestFactor: Sendable {
    public let secret: Secret
    public let recoveryCodes: [String]
    private let person: TestPerson

    init(secret: Secret, recoveryCodes: [String], person: TestPerson) {
        self.secret = secret
        self.recoveryCodes = recoveryCodes
        self.person = person
    }

    /// What the app shows now, or that many steps of 30 seconds later.
    public func code(_ later: Int64 = 0) -> String {
        TOTP.standard.code(secret: secret, step: TOTP.step(at: .now) + later)
    }

    /// A code that is right now, as if none had been used before.
    public func freshCode() throws(Fault) -> String {
        try person.tenant.server.rows("UPDATE users SET totp_last_step = 0 WHERE id = $1", person.id.uuid)
        return code()
    }
}

extension TestPerson {
    /// Enrols and confirms a second factor.
    public func enrol() async throws -> TestFactor {
        let client = try await login()
        let enrolled = try await client.call("POST", "/v1/account/mfa/totp")
        guard enrolled.status == 200, let bytes = Base32.standard.decode(enrolled.json["secret"]?.string ?? "") else {
            throw Fault(.internalError, "Enrolling was answered \(enrolled.status): \(enrolled.text)")
        }
        let secret = Secret(bytes)
        let code = TOTP.standard.code(secret: secret, step: TOTP.step(at: .now))
        let confirmed = try await client.call("POST", "/v1/account/mfa/totp/confirm", ["code": .string(code)])
        guard confirmed.status == 200, let codes = confirmed.json["recovery_codes"]?.array else {
            throw Fault(.internalError, "Confirming was answered \(confirmed.status): \(confirmed.text)")
        }
        return TestFactor(secret: secret, recoveryCodes: codes.compactMap(\.string), person: self)
    }

    /// The challenge that a login with the right password answers.
    public func challenge(headers: [(String, String)] = []) async throws -> String {
        let answer = try await logIn(headers: headers)
        guard let challenge = answer.json["challenge"]?.string else {
            throw Fault(
                .internalError, "The login of somebody with a second factor was answered \(answer.status): \(answer.text)")
        }
        return challenge
    }

    /// What the second step answers, over a connection of its own.
    public func finish(_ body: JSONValue, headers: [(String, String)] = []) async throws -> TestAnswer {
        try await tenant.server.client().call(
            "POST", "/v1/login/mfa", body, headers: [TestServer.ownAddress()] + headers)
    }

    /// A client that is logged in with both factors.
    public func login(_ factor: TestFactor) async throws -> TestClient {
        let challenge = try await challenge()
        let answer = try await finish(["challenge": .string(challenge), "code": .string(try factor.freshCode())])
        guard answer.status == 200, let token = answer.json["access_token"]?.string else {
            throw Fault(.internalError, "The second step of a login was answered \(answer.status): \(answer.text)")
        }
        return tenant.server.client(key: token)
    }
}
