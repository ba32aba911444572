// Logging in and the second factor, when all goes well.

import Base
import InsulaTesting
import JSON
import Tenancy
import Testing

extension Scenario {
    static let login = [
        Scenario("POST", "/v1/login") { visit in
            let person = try visit.tenant.person(.admin)
            let answer = try await person.logIn()
            #expect(answer.status == 200 && answer.json["state"] == "complete", "\(answer.text)")
            let client = visit.server.client(key: answer.json["access_token"]?.string)
            #expect(try await client.call("GET", "/v1/keys").status == 200)
        },
        Scenario("POST", "/v1/login/mfa") { visit in
            let person = try visit.tenant.person()
            let factor = try await person.enrol()
            let challenge = try await person.challenge()
            let answer = try await person.finish(["challenge": .string(challenge), "code": .string(try factor.freshCode())])
            #expect(answer.status == 200 && answer.json["state"] == "complete", "\(answer.text)")
        },
        Scenario("POST", "/v1/account/step-up") { visit in
            let person = try visit.tenant.person()
            let answer = try await person.login().call("POST", "/v1/account/step-up", ["password": .string(person.password)])
            #expect(answer.status == 200 && Timestamp(rfc3339: answer.json["authenticated_at"]?.string ?? "") != nil)
        },
    ]

    static let mfa = [
        Scenario("GET", "/v1/account/mfa") { visit in
            let status = try await visit.tenant.person().login().call("GET", "/v1/account/mfa")
            #expect(status.status == 200 && status.json["enabled"] == false)
        },
        Scenario("POST", "/v1/account/mfa/totp") { visit in
            let enrolled = try await visit.tenant.person().login().call("POST", "/v1/account/mfa/totp")
            #expect(enrolled.status == 200 && enrolled.json["secret"]?.string?.count == 32)
        },
        Scenario("POST", "/v1/account/mfa/totp/confirm") { visit in
            let factor = try await visit.tenant.person().enrol()
            #expect(factor.recoveryCodes.count == 10)
        },
        Scenario("DELETE", "/v1/account/mfa/totp") { visit in
            let person = try visit.tenant.person()
            let factor = try await person.enrol()
            let client = try await person.login(factor)
            let answer = try await client.call(
                "DELETE", "/v1/account/mfa/totp", ["recovery_code": .string(factor.recoveryCodes[0])])
            #expect(answer.status == 200 && answer.json["enabled"] == false)
        },
        Scenario("POST", "/v1/account/mfa/recovery-codes") { visit in
            let person = try visit.tenant.person()
            let factor = try await person.enrol()
            let client = try await person.login(factor)
            let answer = try await client.call(
                "POST", "/v1/account/mfa/recovery-codes", ["code": .string(try factor.freshCode())])
            #expect(answer.status == 200 && answer.json["recovery_codes"]?.array?.count == 10)
        },
    ]
}
