// Codes of somebody else's implementation, pyotp, which reads the link that we give to apps. `ops/test` installs it; where it is not, this
// is skipped.

import Base
import InsulaTesting
import JSON
import Testing

@Suite struct OneTimeCodeTests {
    @Test(.enabled(if: Python.isThere, "./ops/test installs pyotp"))
    func `codes that pyotp makes of our link confirm a second factor and log in`()
        async throws
    {
        let visit = try await Visit()
        let person = try visit.tenant.person()
        let client = try await person.login()
        let enrolled = try await client.call("POST", "/v1/account/mfa/totp")
        let uri = try #require(enrolled.json["otpauth_uri"]?.string, "\(enrolled.text)")
        let script = """
            import sys, pyotp
            app = pyotp.parse_uri(sys.argv[1])
            assert (app.digits, app.interval, app.issuer) == (6, 30, sys.argv[2]), (app.digits, app.interval, app.issuer)
            print(app.now())
            """
        func code() throws -> JSONValue {
            let made = try Python.run(script, [uri, "Tenant \(visit.tenant.slug)"])
            try #require(made.status == 0, "\(made.output)")
            return .string(String(made.output.prefix(6)))
        }
        let confirmed = try await client.call("POST", "/v1/account/mfa/totp/confirm", ["code": try code()])
        #expect(confirmed.status == 200, "\(confirmed.text)")
        let challenge = JSONValue.string(try await person.challenge())
        try visit.server.rows("UPDATE users SET totp_last_step = 0 WHERE id = $1", person.id.uuid)
        let answer = try await person.finish(["challenge": challenge, "code": try code()])
        #expect(answer.status == 200 && answer.json["state"] == "complete", "\(answer.text)")
    }
}
