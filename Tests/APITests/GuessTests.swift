// Guessing: it runs into budgets that are the same whether or not there is anything to guess, and the owner goes on working on the devices
// that his account knows.

import Base
import InsulaTesting
import JSON
import Testing

@Suite struct GuessTests {
    private func log(
        in server: TestServer, _ body: JSONValue, from address: (String, String) = TestServer.ownAddress()
    ) async throws -> TestAnswer {
        try await server.client().call("POST", "/v1/login", body, headers: [address])
    }

    private func guess(_ name: String, _ tenant: TestTenant, device: String? = nil, password: String = "guess") -> JSONValue {
        var body = JSONObject()
        body["login"] = .string(name)
        body["password"] = .string(password)
        body["tenant"] = .string(tenant.slug)
        if let device { body["device_token"] = .string(device) }
        return .object(body)
    }

    @Test func `guesses at an account run into a wall, and at one that is not there into the same`() async throws {
        let visit = try await Visit()
        let person = try visit.tenant.person()
        var seen: [[String]] = []
        for name in [person.username, "nobody-here"] {
            var answers: [String] = []
            for _ in 0..<10 {
                let answer = try await log(in: visit.server, guess(name, visit.tenant))
                answers.append("\(answer.status)")
            }
            for password in ["guess", TestTenant.password] {
                let answer = try await log(in: visit.server, guess(name, visit.tenant, password: password))
                expectProblem(answer, 429, "rate_limited")
                let wait = try #require(answer["retry-after"].flatMap { Int($0) })
                #expect((31...60).contains(wait))
                answers.append("\(answer.status) \(answer.json["detail"]?.string ?? "")")
            }
            seen.append(answers)
        }
        #expect(seen[0] == seen[1] && seen[0].prefix(10) == Array(repeating: "401", count: 10)[...])
        // A name in another case is the same name.
        #expect(try await log(in: visit.server, guess(person.username.uppercased(), visit.tenant)).status == 429)
    }

    @Test func `who is known by his device logs in while strangers guess, and has his own budget`() async throws {
        let visit = try await Visit()
        let (person, other) = (try visit.tenant.person(), try visit.tenant.person())
        let device = try #require(try await log(in: visit.server, person.loginBody).json["device_token"]?.string)
        let foreign = try #require(try await log(in: visit.server, other.loginBody).json["device_token"]?.string)
        let street = TestServer.ownAddress()
        for _ in 0..<10 {
            #expect(try await log(in: visit.server, guess(person.username, visit.tenant), from: street).status == 401)
        }
        #expect(try await log(in: visit.server, person.loginBody, from: street).status == 429)
        // Neither the device of somebody else nor one that never was helps.
        for token in [foreign, String(device.dropLast()) + (device.last == "0" ? "1" : "0"), "x"] {
            let body = guess(person.username, visit.tenant, device: token, password: person.password)
            #expect(try await log(in: visit.server, body, from: street).status == 429)
        }
        let owner = guess(person.username, visit.tenant, device: device, password: person.password)
        let answer = try await log(in: visit.server, owner, from: street)
        // A device that is known already is not given another token.
        #expect(answer.status == 200 && answer.json["device_token"] == nil)
        for _ in 0..<10 {
            #expect(try await log(in: visit.server, guess(person.username, visit.tenant, device: device)).status == 401)
        }
        #expect(try await log(in: visit.server, owner).status == 429)
        let hashes = try visit.server.rows("SELECT encode(hash, 'hex') FROM devices WHERE user_id = $1", person.id.uuid)
        #expect(hashes.count == 1 && !device.contains(hashes[0][0] ?? "-"))
    }

    @Test func `an address that guesses at many names is refused, whoever they are, and another one is not`() async throws {
        let visit = try await Visit()
        let person = try visit.tenant.person()
        let address = TestServer.ownAddress()
        // Cheap to count, dear to try: the attempts that an address has are taken from it in the database.
        for _ in 0..<3 { #expect(try await log(in: visit.server, guess("someone", visit.tenant), from: address).status == 401) }
        try visit.server.rows(
            "UPDATE guess_budgets SET attempts = 99 WHERE attempts = 3 AND key = sha256($1::bytea)",
            "login address\\000\(address.1)")
        #expect(try await log(in: visit.server, guess("someone-else", visit.tenant), from: address).status == 401)
        #expect(try await log(in: visit.server, person.loginBody, from: address).status == 429)
        #expect(try await log(in: visit.server, person.loginBody).status == 200)
    }

    @Test func `a right password makes the account's budget new, and costs the address nothing`() async throws {
        let visit = try await Visit()
        let person = try visit.tenant.person()
        let address = TestServer.ownAddress()
        for _ in 0..<3 {
            for _ in 0..<9 {
                #expect(try await log(in: visit.server, guess(person.username, visit.tenant), from: address).status == 401)
            }
            #expect(try await log(in: visit.server, person.loginBody, from: address).status == 200)
        }
        let counted = try visit.server.rows(
            "SELECT attempts FROM guess_budgets WHERE key = sha256($1::bytea)", "login address\\000\(address.1)")
        #expect(counted == [["27"]])
    }

    @Test func `a storm of logins takes the password threads and no more, while the server answers`() async throws {
        try await TestServer.run(["INSULA_PASSWORD_THREADS": "1"]) { server in
            let tenant = try await server.tenant()
            async let storm = storm(of: 200, server, tenant)
            // In the middle of it everything else goes on.
            let bystander = server.client()
            for _ in 0..<20 { #expect(try await bystander.call("GET", "/healthz").status == 200) }
            #expect(try await tenant.client().call("GET", "/v1/tenant").status == 200)
            let statuses = try await storm
            #expect(statuses.allSatisfy { $0 == 401 || $0 == 503 }, "\(statuses)")
            let (hashed, refused) = (statuses.count { $0 == 401 }, statuses.count { $0 == 503 })
            let lines = try await server.client().call("GET", "/metrics").text.split(separator: "\n")
            #expect(lines.contains("insula_password_hashes_running_most 1"))
            #expect(lines.contains("insula_password_hashes_total \(hashed)"))
            #expect(lines.contains("insula_password_refusals_total \(refused)"))
            #expect(hashed >= 100)
        }
    }

    /// The statuses of so many logins at once, each as somebody else from elsewhere.
    private func storm(of count: Int, _ server: TestServer, _ tenant: TestTenant) async throws -> [Int] {
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<count {
                group.addTask {
                    let answer = try await log(in: server, guess("nobody-\(number)", tenant))
                    if answer.status == 503 { #expect(answer["retry-after"] != nil) }
                    return answer.status
                }
            }
            var statuses: [Int] = []
            for try await status in group { statuses.append(status) }
            return statuses
        }
    }
}
