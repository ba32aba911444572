// The second factor over HTTP: enrolled, confirmed, shown, lost and taken off; a code works once, a challenge for one login.

import Base
import Crypto
import InsulaTesting
import JSON
import Testing

@Suite struct MFATests {
    /// Runs `body` again when a step of 30 seconds ended meanwhile, since its codes then were those of other steps than it says.
    private func withinOneStep(_ body: () async throws -> Void) async throws {
        while true {
            let step = TOTP.step(at: .now)
            do {
                try await body()
                if TOTP.step(at: .now) == step { return }
            } catch {
                if TOTP.step(at: .now) == step { throw error }
            }
        }
    }

    private func finish(_ person: TestPerson, _ challenge: String, code: String) async throws -> TestAnswer {
        try await person.finish(["challenge": .string(challenge), "code": .string(code)])
    }

    private func freshBudget(_ person: TestPerson, _ server: TestServer) throws {
        try server.forgetGuesses("second factor", person.id.description)
    }

    @Test func `a second factor is shown once, sealed, and counts when it is confirmed`() async throws {
        let visit = try await Visit()
        let person = try visit.tenant.person()
        let client = try await person.login()
        let before = try await client.call("GET", "/v1/account/mfa").json
        #expect(before == ["enabled": false, "confirmed_at": .null, "required": false, "recovery_codes_left": 0])
        let first = try await client.call("POST", "/v1/account/mfa/totp")
        let enrolled = try await client.call("POST", "/v1/account/mfa/totp")
        #expect(enrolled.status == 200, "\(enrolled.text)")
        let text = try #require(enrolled.json["secret"]?.string)
        let secret = Secret(try #require(Base32.standard.decode(text)))
        #expect(secret.count == TOTP.secretByteCount && first.json["secret"]?.string != text)
        let uri = try #require(enrolled.json["otpauth_uri"]?.string)
        #expect(
            uri.hasPrefix(
                "otpauth://totp/Tenant%20\(visit.tenant.slug):\(person.username)%40example.com?secret=\(text)&issuer=Tenant%20"))
        #expect(uri.hasSuffix("&algorithm=SHA1&digits=6&period=30"))
        #expect(enrolled.json["qr_svg"]?.string?.hasPrefix("<svg") == true)
        // Nothing is asked for before it is confirmed, by a code of the last secret.
        #expect(try await person.logIn().json["state"] == "complete")
        let old = Secret(try #require(Base32.standard.decode(first.json["secret"]?.string ?? "")))
        let step = TOTP.step(at: .now)
        for wrong in [TOTP.standard.code(secret: old, step: step), "000000", "12345", ""] {
            let answer = try await client.call("POST", "/v1/account/mfa/totp/confirm", ["code": .string(wrong)])
            expectProblem(answer, 422, "validation_failed", field: "code")
        }
        let right: JSONValue = ["code": .string(TOTP.standard.code(secret: secret, step: TOTP.step(at: .now)))]
        let confirmed = try await client.call("POST", "/v1/account/mfa/totp/confirm", right)
        let codes = (confirmed.json["recovery_codes"]?.array ?? []).compactMap(\.string)
        #expect(codes.count == 10 && Set(codes).count == 10 && codes.allSatisfy { $0.count == 19 })
        expectProblem(try await client.call("POST", "/v1/account/mfa/totp/confirm", right), 409, "invalid_state_transition")
        expectProblem(try await client.call("POST", "/v1/account/mfa/totp"), 409, "invalid_state_transition")
        let after = try await client.call("GET", "/v1/account/mfa").json
        #expect(after["enabled"] == true && after["recovery_codes_left"]?.int == 10)
        #expect(Timestamp(rfc3339: after["confirmed_at"]?.string ?? "") != nil)
        // In the database neither the secret nor a code stands as it is.
        let stored = try visit.server.rows(
            """
            SELECT encode(totp_secret, 'hex'), (SELECT string_agg(encode(hash, 'hex'), '') FROM recovery_codes c WHERE c.user_id = u.id)
            FROM users u WHERE id = $1
            """, person.id.uuid)
        let bytes = secret.withSpan { bytes in bytes.indices.map { bytes[$0] } }
        #expect(stored[0][0]?.contains(Hexadecimal.encode(bytes)) == false && stored[0][1]?.count == 640)
        let lines = try visit.server.rows(
            "SELECT action FROM audit_log WHERE target_id = $1 AND action LIKE 'mfa.%' ORDER BY id", person.id.uuid)
        #expect(lines.map { $0[0] } == ["mfa.enrolled", "mfa.recovery_codes_made"])
    }

    @Test func `a login asks for the code and gives nothing before it`() async throws {
        let visit = try await Visit()
        let person = try visit.tenant.person()
        let factor = try await person.enrol()
        let first = try await person.logIn()
        #expect(first.json["state"] == "mfa_required" && first.json["expires_in"]?.int == 300)
        #expect(first.json.object?.count == 3 && first["set-cookie"] == nil, "\(first.text)")
        let challenge = try #require(first.json["challenge"]?.string)
        // The challenge opens nothing but the second step.
        expectProblem(try await visit.server.client(key: challenge).call("GET", "/v1/account/mfa"), 401, "unauthenticated")
        let answer = try await finish(person, challenge, code: try factor.freshCode())
        #expect(answer.status == 200 && answer.json["state"] == "complete", "\(answer.text)")
        let client = visit.server.client(key: answer.json["access_token"]?.string)
        let session = try await client.call("GET", "/v1/account/mfa")
        #expect(session.json["enabled"] == true)
        let amr = try visit.server.rows("SELECT amr FROM sessions WHERE user_id = $1 ORDER BY id DESC LIMIT 1", person.id.uuid)
        #expect(amr == [["{pwd,otp,mfa}"]])
    }

    @Test func `a code works once, and one step early or late, and no further`() async throws {
        let visit = try await Visit()
        let person = try visit.tenant.person()
        let factor = try await person.enrol()
        for (later, status) in [(-2, 401), (-1, 200), (0, 200), (1, 200), (2, 401), (10, 401)] as [(Int64, Int)] {
            try await withinOneStep {
                let challenge = try await person.challenge()
                _ = try factor.freshCode()
                #expect(try await finish(person, challenge, code: factor.code(later)).status == status, "\(later)")
            }
        }
        try await withinOneStep {
            let code = try factor.freshCode()
            #expect(try await finish(person, try await person.challenge(), code: code).status == 200)
            // The same again, and an older one that was never used.
            for used in [code, factor.code(-1)] {
                expectProblem(try await finish(person, try await person.challenge(), code: used), 401, "unauthenticated")
            }
            #expect(try await finish(person, try await person.challenge(), code: factor.code(1)).status == 200)
        }
    }

    @Test func `only six digits of one's own app are a code`() async throws {
        let visit = try await Visit()
        let (person, other) = (try visit.tenant.person(), try visit.tenant.person())
        let (factor, foreign) = (try await person.enrol(), try await other.enrol())
        let challenge = try await person.challenge()
        var bodies: Set<String> = []
        try await withinOneStep {
            let code = try factor.freshCode()
            let arabic = String(
                String.UnicodeScalarView(code.unicodeScalars.compactMap { Unicode.Scalar($0.value - 0x30 + 0x660) }))
            for wrong in [
                code + "0", "0" + code, String(code.dropFirst()), " " + code, code + " ", "\(code.prefix(3)) \(code.suffix(3))",
                "+" + code.dropFirst(), arabic, foreign.code(), code + "\n",
            ] {
                try freshBudget(person, visit.server)
                let answer = try await finish(person, challenge, code: wrong)
                expectProblem(answer, 401, "unauthenticated")
                bodies.insert(answer.json["detail"]?.string ?? "")
            }
            // None of that used the code up.
            #expect(try await finish(person, challenge, code: code).status == 200)
        }
        #expect(bodies.count == 1)
        for body in [[:], ["code": "123456", "recovery_code": "x"], ["code": 123456], ["code": "1", "user_id": "x"]]
            as [JSONValue]
        {
            var whole = body.object ?? JSONObject()
            whole["challenge"] = .string(challenge)
            #expect(try await person.finish(.object(whole)).status == 422)
        }
    }

    @Test func `one code, a hundred times at once on two nodes, logs in once`() async throws {
        try await TestServer.run { first in
            try await TestServer.run(on: first.database) { second in
                let person = try await first.tenant().person()
                let factor = try await person.enrol()
                let code = JSONValue.string(try factor.freshCode())
                for proof in [("code", code), ("recovery_code", .string(factor.recoveryCodes[0]))] {
                    try freshBudget(person, first)
                    let challenges = [try await person.challenge(), try await person.challenge()]
                    let statuses = try await submissions(of: proof, challenges, [first, second])
                    #expect(statuses.count { $0 == 200 } == 1, "\(statuses)")
                    #expect(statuses.allSatisfy { [200, 401, 429].contains($0) }, "\(statuses)")
                }
            }
        }
    }

    /// The statuses of a hundred second steps at once, spread over challenges and nodes.
    private func submissions(
        of proof: (name: String, value: JSONValue), _ challenges: [String], _ servers: [TestServer]
    ) async throws -> [Int] {
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<100 {
                var body = JSONObject()
                body["challenge"] = .string(challenges[number / 2 % challenges.count])
                body[proof.name] = proof.value
                let (server, whole) = (servers[number % servers.count], JSONValue.object(body))
                group.addTask {
                    try await server.client().call("POST", "/v1/login/mfa", whole, headers: [TestServer.ownAddress()]).status
                }
            }
            var statuses: [Int] = []
            for try await status in group { statuses.append(status) }
            return statuses
        }
    }

    @Test func `a challenge is good for one login of one person, while his password stays`() async throws {
        let visit = try await Visit()
        let elsewhere = try await visit.server.tenant()
        let person = try visit.tenant.person()
        let factor = try await person.enrol()
        let challenge = try await person.challenge()
        var edited = Array(challenge.utf8)
        edited[20] = edited[20] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
        for wrong in [String(decoding: edited, as: UTF8.self), String(challenge.dropLast()), "x"] {
            expectProblem(try await finish(person, wrong, code: try factor.freshCode()), 401, "unauthenticated")
        }
        for tenant in [elsewhere.id.description, elsewhere.slug, "no-such-tenant"] {
            let answer = try await person.finish(
                ["challenge": .string(challenge), "code": .string(try factor.freshCode())],
                headers: [TestServer.ownAddress(), ("x-tenant-id", tenant)])
            expectProblem(answer, 401, "unauthenticated")
        }
        // Two challenges: the login that is completed spends both.
        let second = try await person.challenge()
        #expect(try await finish(person, challenge, code: try factor.freshCode()).status == 200)
        for spent in [challenge, second] {
            expectProblem(try await finish(person, spent, code: try factor.freshCode()), 401, "unauthenticated")
        }
        let third = try await person.challenge()
        try person.setPassword("another password than before")
        expectProblem(try await finish(person, third, code: try factor.freshCode()), 401, "unauthenticated")
        try person.setPassword(TestTenant.password)
        let fourth = try await person.challenge()
        try visit.server.rows("UPDATE users SET state = 'disabled' WHERE id = $1", person.id.uuid)
        expectProblem(try await finish(person, fourth, code: try factor.freshCode()), 401, "unauthenticated")
    }

    @Test func `wrong codes lock the factor across challenges, and recovery codes go on working`() async throws {
        let visit = try await Visit()
        let person = try visit.tenant.person()
        let factor = try await person.enrol()
        for attempt in 0..<10 {
            let answer = try await finish(person, try await person.challenge(), code: "00000\(attempt)")
            #expect(answer.status == 401)
        }
        let locked = try await finish(person, try await person.challenge(), code: try factor.freshCode())
        expectProblem(locked, 429, "rate_limited")
        #expect((31...60).contains(Int(locked["retry-after"] ?? "") ?? 0))
        let challenge = try await person.challenge()
        let recovered = try await person.finish(
            ["challenge": .string(challenge), "recovery_code": .string(factor.recoveryCodes[3].uppercased())],
            headers: [TestServer.ownAddress()])
        #expect(recovered.status == 200, "\(recovered.text)")
        let again = try await person.finish(
            ["challenge": .string(try await person.challenge()), "recovery_code": .string(factor.recoveryCodes[3])],
            headers: [TestServer.ownAddress()])
        expectProblem(again, 401, "unauthenticated")
        let client = visit.server.client(key: recovered.json["access_token"]?.string)
        #expect(try await client.call("GET", "/v1/account/mfa").json["recovery_codes_left"]?.int == 9)
        let used = try visit.server.rows(
            "SELECT count(*) FROM audit_log WHERE target_id = $1 AND action = 'mfa.recovery_code_used'", person.id.uuid)
        #expect(used == [["1"]])
    }

    @Test func `a right code makes the count of wrong ones new`() async throws {
        let visit = try await Visit()
        let person = try visit.tenant.person()
        let factor = try await person.enrol()
        for _ in 0..<2 {
            for attempt in 0..<9 {
                #expect(try await finish(person, try await person.challenge(), code: "00000\(attempt)").status == 401)
            }
            #expect(try await finish(person, try await person.challenge(), code: try factor.freshCode()).status == 200)
        }
    }

    @Test func `a second factor is taken off by a proof of it, and not where the tenant requires one`() async throws {
        let visit = try await Visit()
        let person = try visit.tenant.person()
        expectProblem(
            try await person.login().call("DELETE", "/v1/account/mfa/totp", ["code": "123456"]), 409, "invalid_state_transition")
        let factor = try await person.enrol()
        let client = try await person.login(factor)
        expectProblem(try await client.call("DELETE", "/v1/account/mfa/totp", ["code": "000000"]), 403, "forbidden")
        expectProblem(try await client.call("DELETE", "/v1/account/mfa/totp", [:]), 422, "validation_failed", field: "code")
        try visit.server.rows(
            "UPDATE tenants SET settings = '{\"mfa_required\":true}' WHERE tenant_id = $1", visit.tenant.id.uuid)
        let code = JSONValue.string(try factor.freshCode())
        expectProblem(try await client.call("DELETE", "/v1/account/mfa/totp", ["code": code]), 409, "invalid_state_transition")
        try visit.server.rows("UPDATE tenants SET settings = '{}' WHERE tenant_id = $1", visit.tenant.id.uuid)
        let off = try await client.call("DELETE", "/v1/account/mfa/totp", ["code": code])
        #expect(off.status == 200 && off.json["enabled"] == false && off.json["recovery_codes_left"]?.int == 0, "\(off.text)")
        #expect(try await person.logIn().json["state"] == "complete")
        let left = try visit.server.rows("SELECT totp_secret IS NULL FROM users WHERE id = $1", person.id.uuid)
        #expect(left == [["t"]])
    }

    @Test func `new recovery codes take the place of the old ones`() async throws {
        let visit = try await Visit()
        let person = try visit.tenant.person()
        let factor = try await person.enrol()
        let client = try await person.login(factor)
        expectProblem(try await client.call("POST", "/v1/account/mfa/recovery-codes", ["recovery_code": "x"]), 403, "forbidden")
        let made = try await client.call(
            "POST", "/v1/account/mfa/recovery-codes", ["recovery_code": .string(factor.recoveryCodes[0])])
        let codes = (made.json["recovery_codes"]?.array ?? []).compactMap(\.string)
        #expect(codes.count == 10 && Set(codes).isDisjoint(with: factor.recoveryCodes))
        for (code, status) in [(factor.recoveryCodes[1], 401), (codes[0], 200), (codes[0], 401)] {
            let answer = try await person.finish(
                ["challenge": .string(try await person.challenge()), "recovery_code": .string(code)],
                headers: [TestServer.ownAddress()])
            #expect(answer.status == status)
        }
    }

    @Test func `a sealed secret opens for nobody but its owner`() async throws {
        let visit = try await Visit()
        let (person, other) = (try visit.tenant.person(), try visit.tenant.person())
        let factor = try await person.enrol()
        _ = try await other.enrol()
        // Whoever can write into the database gives another person his own app.
        try visit.server.rows(
            "UPDATE users SET totp_secret = (SELECT totp_secret FROM users WHERE id = $2) WHERE id = $1", other.id.uuid,
            person.id.uuid)
        let answer = try await finish(other, try await other.challenge(), code: factor.code())
        expectProblem(answer, 500, "internal_error")
    }

    // MARK: Step-up

    @Test func `whoever is logged in proves again who he is, by the strongest that he has`() async throws {
        let visit = try await Visit()
        let person = try visit.tenant.person()
        let client = try await person.login()
        try visit.server.rows(
            "UPDATE sessions SET authenticated_at = now() - interval '1 hour' WHERE user_id = $1", person.id.uuid)
        expectProblem(try await client.call("POST", "/v1/account/mfa/totp"), 401, "step_up_required")
        for wrong in ["wrong password", TestTenant.password + " "] {
            let answer = try await client.call("POST", "/v1/account/step-up", ["password": .string(wrong)])
            expectProblem(answer, 403, "forbidden")
        }
        expectProblem(try await client.call("POST", "/v1/account/step-up", ["code": "123456"]), 409, "invalid_state_transition")
        for body in [[:], ["password": "x", "code": "123456"]] as [JSONValue] {
            expectProblem(try await client.call("POST", "/v1/account/step-up", body), 422, "validation_failed", field: "password")
        }
        let proven = try await client.call("POST", "/v1/account/step-up", ["password": .string(person.password)])
        #expect(
            proven.status == 200 && Timestamp(rfc3339: proven.json["authenticated_at"]?.string ?? "") != nil, "\(proven.text)")
        #expect(try await client.call("POST", "/v1/account/mfa/totp").status == 200)
        let lines = try visit.server.rows(
            "SELECT action FROM audit_log WHERE target_id = $1 AND action LIKE 'session.step_up%' ORDER BY id", person.id.uuid)
        #expect(lines.map { $0[0] } == ["session.step_up_failed", "session.step_up_failed", "session.step_up_succeeded"])
        let factor = try await person.enrol()
        let strong = try await person.login(factor)
        let weak = try await strong.call("POST", "/v1/account/step-up", ["password": .string(person.password)])
        expectProblem(weak, 401, "mfa_required")
        #expect(try await strong.call("POST", "/v1/account/step-up", ["code": .string(try factor.freshCode())]).status == 200)
        #expect(
            try await strong.call("POST", "/v1/account/step-up", ["recovery_code": .string(factor.recoveryCodes[0])]).status
                == 200)
        expectProblem(try await visit.client.call("POST", "/v1/account/step-up", ["password": "x"]), 403, "forbidden")
    }

    @Test func `a stolen session can't guess, not even where each request is undone`() async throws {
        let visit = try await Visit()
        let person = try visit.tenant.person()
        let factor = try await person.enrol()
        let client = try await person.login(factor)
        for attempt in 0..<10 {
            let answer = try await client.call(
                "POST", "/v1/account/step-up", ["code": .string("00000\(attempt)")],
                headers: [("idempotency-key", "guess-\(attempt)")])
            expectProblem(answer, 403, "forbidden")
        }
        for key in ["guess-10", "guess-11"] {
            let answer = try await client.call(
                "POST", "/v1/account/step-up", ["code": .string(try factor.freshCode())], headers: [("idempotency-key", key)])
            expectProblem(answer, 429, "rate_limited")
        }
        let lines = try visit.server.rows(
            "SELECT count(*) FROM audit_log WHERE target_id = $1 AND action = 'session.step_up_failed'", person.id.uuid)
        #expect(lines == [["10"]])
        // The password, of somebody without a second factor, is bounded likewise.
        let plain = try visit.tenant.person()
        let session = try await plain.login()
        for _ in 0..<10 {
            #expect(try await session.call("POST", "/v1/account/step-up", ["password": "guess"]).status == 403)
        }
        expectProblem(
            try await session.call("POST", "/v1/account/step-up", ["password": .string(plain.password)]), 429, "rate_limited")
    }
}
