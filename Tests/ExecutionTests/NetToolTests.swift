// The tools that look at servers, over real sockets: a name server and sites of our own on loopback, with and without TLS, which the guard
// opens for their ports alone.

import Base
import HTTP
import InsulaTesting
import JSON
import Loop
import Synchronization
import Testing

@testable import Execution

/// A name server over TCP that answers from a table. Lives on the loop that it is made on.
final class FakeNameServer: Sendable {
    typealias Table = @Sendable (_ name: String, _ type: DNSRecordType) -> [(type: DNSRecordType, data: [UInt8])]?

    private let listener: Listener
    private let seen = Questions()
    /// What was asked.
    var questions: [String] { seen.all.withLock { $0 } }

    private final class Questions: Sendable {
        let all = Mutex<[String]>([])
    }

    /// - Parameter table: the data of the records of a name; `nil` when it does not exist.
    init(on loop: EventLoop, _ table: @escaping Table) throws {
        listener = try Listener(.v4(0x7F00_0001, port: 0), on: loop)
        listener.start { [seen] socket, _ in
            let stream = ByteStream(socket)
            loop.spawn {
                let deadline = Instant.now.advanced(milliseconds: 30_000)
                var bytes: [UInt8] = []
                while bytes.count < 2 || bytes.count < 2 + (Int(bytes[0]) << 8 | Int(bytes[1])) {
                    guard let piece = try? await stream.read(upTo: 512, deadline: deadline), !piece.isEmpty else { return }
                    bytes += piece
                }
                let question = Array(bytes.dropFirst(2))
                let (name, type) = FakeNameServer.read(question)
                seen.all.withLock { $0.append("\(name) \(type.rawValue)") }
                let answer = FakeNameServer.answer(question, table(name, type))
                try? await stream.write([UInt8(answer.count >> 8), UInt8(answer.count & 255)] + answer, deadline: deadline)
                stream.close()
            }
        }
    }

    var server: DNSResolver.Server { DNSResolver.Server(address: .v4(0x7F00_0001), port: Int(listener.address.port)) }

    func stop() { listener.stop() }

    private static func read(_ question: [UInt8]) -> (String, DNSRecordType) {
        var (at, labels): (Int, [String]) = (12, [])
        while question[at] > 0 {
            labels.append(String(decoding: question[(at + 1)...(at + Int(question[at]))], as: UTF8.self))
            at += 1 + Int(question[at])
        }
        let number = UInt16(question[at + 1]) << 8 | UInt16(question[at + 2])
        return (labels.joined(separator: "."), DNSRecordType.allCases.first { $0.number == number } ?? .a)
    }

    /// The question again, and records whose name points to it.
    static func answer(_ question: [UInt8], _ records: [(type: DNSRecordType, data: [UInt8])]?) -> [UInt8] {
        var bytes = question
        bytes[2] = 0x81
        bytes[3] = records == nil ? 0x83 : 0x80
        bytes[7] = UInt8(records?.count ?? 0)
        for record in records ?? [] {
            bytes += [0xC0, 12, UInt8(record.type.number >> 8), UInt8(record.type.number & 255), 0, 1, 0, 0, 1, 44]
            bytes += [UInt8(record.data.count >> 8), UInt8(record.data.count & 255)] + record.data
        }
        return bytes
    }

    static func text(_ parts: String...) -> [UInt8] { parts.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } }
}

/// Sites and a name server on loopback, and the tools that may reach them.
private struct Outlook: Sendable {
    let inspect: NetInspectTool
    let scan: SecurityScanTool
    let names: FakeNameServer
    let secure: String
    let plain: String

    static func run(
        _ headers: [(String, String)], _ table: @escaping FakeNameServer.Table,
        _ body: @escaping @Sendable (Outlook) async throws -> Void
    ) async throws {
        let certificate = try TestCertificate("DNS:localhost")
        let answer: @Sendable (Site.Request, Int) -> Site.Answer = { request, _ in
            request.path == "/away" ? (302, [("location", "http://10.0.0.1/")], "") : (200, headers, "hello")
        }
        let group = LoopGroup(count: 1)
        let pool = BlockingPool(name: "outlook", threads: 2)
        let tls = try TLSContext(certificateFile: certificate.file, keyFile: certificate.keyFile)
        let secure = try await Server(on: .v4(0x7F00_0001, port: 0), group: group, responder: Site(answer), tls: tls)
        let encrypted = "https://localhost:\(secure.address.port)"
        let street = Site { request, number in
            request.path == "/up" ? (301, [("location", encrypted + "/")], "") : answer(request, number)
        }
        let plain = try await Server(on: .v4(0x7F00_0001, port: 0), group: group, responder: street)
        let rule = try AddressGuard(
            allowing: [secure, plain].flatMap { ["127.0.0.1/32:\($0.address.port)", "[::1/128]:\($0.address.port)"] }.joined(
                separator: ","))
        let client = OutgoingClient(group: group, rule: rule, pool: pool, trustFile: certificate.file)
        let result = await Task(executorPreference: group.loops[0]) { () async -> Result<Void, any Error> in
            do {
                let names = try FakeNameServer(on: group.loops[0], table)
                let resolver = DNSResolver(servers: [names.server], pool: pool)
                let outlook = Outlook(
                    inspect: NetInspectTool(client: client, resolver: resolver),
                    scan: SecurityScanTool(client: client, resolver: resolver),
                    names: names, secure: encrypted,
                    plain: "http://127.0.0.1:\(plain.address.port)")
                try await body(outlook)
                names.stop()
                return .success(())
            } catch {
                return .failure(error)
            }
        }.value
        await client.stop()
        await secure.stop(graceMilliseconds: 1_000)
        await plain.stop(graceMilliseconds: 1_000)
        group.stop()
        pool.stop()
        try result.get()
    }

    func call<Called: Tool>(_ tool: Called, _ input: JSONValue) async throws -> JSONValue {
        let context = ToolContext(
            tenant: .make(), execution: .make(), stepKey: "tool[0]", deadline: Instant.now.advanced(milliseconds: 30_000),
            log: RunLog(epoch: 1))
        return try await tool.call(try tool.arguments.decode(input.bytes), in: context)
    }
}

@Suite struct NetToolTests {
    private static let sound: [(String, String)] = [
        ("strict-transport-security", "max-age=31536000; includeSubDomains"),
        ("content-security-policy", "default-src 'self'; frame-ancestors 'none'"),
        ("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer"),
        ("set-cookie", "id=hidden-value; Secure; HttpOnly; SameSite=Lax"),
    ]

    @Test func `a server is looked at: its name, its certificate, its answer`() async throws {
        try await Outlook.run(Self.sound) { name, type in
            switch (name, type) {
            case ("localhost", .a): [(.cname, [4] + "host".utf8 + [0]), (.a, [127, 0, 0, 1])]
            case ("localhost", .mx): [(.mx, [0, 10, 4] + "mail".utf8 + [0xC0, 12])]
            case ("localhost", .txt): [(.txt, FakeNameServer.text("v=spf1 ", "-all")), (.txt, [2, 0xFF, 0x22])]
            case ("localhost", .ns): nil
            default: []
            }
        } _: { outlook in
            let seen = try await outlook.call(outlook.inspect, ["target": .string(outlook.secure + "/x")])
            #expect(seen["host"] == "localhost" && seen["failures"] == [:])
            #expect(seen["addresses"]?.array?.contains("127.0.0.1") == true)
            let records = seen["records"]?.array?.map {
                "\($0["type"]?.string ?? "") \($0["value"]?.string ?? "") \($0["ttl"]?.int ?? 0)"
            }
            #expect(
                records == [
                    "CNAME host 300", "A 127.0.0.1 300", "MX 10 mail.localhost 300", "TXT v=spf1 -all 300", "TXT \\255\" 300",
                ])
            #expect(outlook.names.questions == ["A", "AAAA", "CNAME", "MX", "TXT", "NS"].map { "localhost " + $0 })
            let tls = try #require(seen["tls"])
            #expect(tls["version"] == "TLSv1.3" && tls["trusted"] == true && tls["problem"] == nil as JSONValue)
            let own = try #require(tls["certificates"]?[0])
            #expect(own["names"]?.array?.contains("localhost") == true && own["fingerprint_sha256"]?.string?.count == 64)
            #expect(
                own["key_bits"]?.int ?? 0 >= 256 && Timestamp(rfc3339: own["not_after"]?.string ?? "").map { $0 > .now } == true)
            #expect(seen["http"]?["status"] == 200 && seen["http"]?["headers"]?["x-content-type-options"] == "nosniff")
            #expect(!String(decoding: seen.bytes, as: UTF8.self).contains("hidden-value"))
        }
    }

    @Test func `a name that leads to a private address is refused, whoever says so`() async throws {
        try await Outlook.run([]) { name, type in
            type == .a ? [(.a, [10, 0, 0, 1])] : []
        } _: { outlook in
            for target in [
                outlook.secure, "http://10.0.0.1/", "169.254.169.254", "http://[::ffff:127.0.0.1]/", "https://localhost:1/",
            ] {
                for part in ["dns", "tls", "http"] where part == "dns" || target != outlook.secure {
                    let failure = try await #require(throws: StepFailure.self) {
                        _ = try await outlook.call(outlook.inspect, ["target": .string(target), "parts": [.string(part)]])
                    }
                    #expect(failure.fault.code == .outboundRefused, "\(target) \(part): \(failure.fault.message)")
                }
                let scan = target == outlook.secure ? nil : target
                if let scan {
                    let failure = try await #require(throws: StepFailure.self) {
                        _ = try await outlook.call(outlook.scan, ["target": .string(scan)])
                    }
                    #expect(failure.fault.code == .outboundRefused)
                }
            }
            // A redirect to one is not followed, and told.
            let away = try await outlook.call(outlook.inspect, ["target": .string(outlook.plain + "/away"), "parts": ["http"]])
            #expect(away["http"] == nil as JSONValue && away["failures"]?["http"]?.string?.isEmpty == false)
        }
    }

    @Test func `a certificate that is not accepted is shown, and told as such`() async throws {
        try await Outlook.run([]) { _, _ in
            []
        } _: { outlook in
            // The certificate is not for this spelling of the host.
            let port = outlook.secure.split(separator: ":").last ?? ""
            let seen = try await outlook.call(
                outlook.inspect, ["target": .string("https://127.0.0.1:\(port)"), "parts": ["tls"]])
            #expect(seen["tls"]?["trusted"] == false && seen["tls"]?["problem"]?.string?.isEmpty == false)
            let right = try await outlook.call(outlook.inspect, ["target": .string(outlook.secure), "parts": ["tls"]])
            #expect(right["tls"]?["trusted"] == true)
            let wrong = try await outlook.call(
                outlook.inspect, ["target": .string(outlook.plain.replacing("http:", with: "https:")), "parts": ["tls"]])
            #expect(wrong["tls"] == nil as JSONValue && wrong["failures"]?["tls"]?.string?.contains("TLS") == true)
        }
    }

    @Test func `a sound site keeps its points, and a careless one loses them by what is seen`() async throws {
        try await Outlook.run(Self.sound) { name, type in
            switch (name, type) {
            case ("example.org", .txt): [(.txt, FakeNameServer.text("v=spf1 -all")), (.txt, FakeNameServer.text("other"))]
            case ("_dmarc.example.org", .txt): [(.txt, FakeNameServer.text("v=DMARC1; p=reject"))]
            case ("localhost", .caa): [(.caa, [0, 5] + Array("issueca.example".utf8))]
            default: []
            }
        } _: { outlook in
            let report = try await outlook.call(outlook.scan, ["target": .string(outlook.secure), "domain": "example.org"])
            // The certificate of the test ends within days: that is seen, and nothing else.
            let ids = report["findings"]?.array?.compactMap { $0["id"]?.string }
            #expect(ids == ["certificate_ends"] || ids == [], "\(String(decoding: report.bytes, as: UTF8.self))")
            #expect(report["score"]?.int == 100 - 10 * (ids?.count ?? 0) && report["grade"] == "A")
            #expect(report["checked"] == ["dns", "tls", "http"] && report["skipped"] == [:])
        }
        let careless = [
            ("set-cookie", "sid=hidden-value"), ("server", "thing/1.2"),
            ("content-security-policy", "script-src 'unsafe-inline'"),
        ]
        try await Outlook.run(careless) { name, type in
            type == .txt && name == "localhost" ? [(.txt, FakeNameServer.text("v=spf1 +all"))] : []
        } _: { outlook in
            let report = try await outlook.call(outlook.scan, ["target": .string(outlook.secure)])
            let ids = Set(report["findings"]?.array?.compactMap { $0["id"]?.string } ?? [])
            #expect(
                ids.isSuperset(of: [
                    "spf_open", "dmarc_missing", "caa_missing", "hsts_missing", "csp_weak", "framing_allowed", "sniffing_allowed",
                    "referrer_told", "version_told", "cookie_not_secure", "cookie_readable", "cookie_crosses",
                ]))
            #expect(report["findings"]?[0]?["severity"] == "high" && report["grade"] == "F")
            #expect(
                report["findings"]?.array?.allSatisfy { $0["evidence"]?.string?.isEmpty == false && $0["advice"] != "" } == true)
            #expect(!String(decoding: report.bytes, as: UTF8.self).contains("hidden-value"))
            let plain = try await outlook.call(outlook.scan, ["target": .string(outlook.plain)])
            #expect(plain["findings"]?[0]?["id"] == "tls_missing" && plain["skipped"]?["dns"]?.string?.isEmpty == false)
            let unseen: JSONValue = .string(outlook.plain.replacing("http:", with: "https:"))
            let nothing = try await outlook.call(outlook.scan, ["target": unseen])
            #expect(nothing["score"] == .null && nothing["grade"] == .null, "what nobody saw has no points")
        }
    }

    @Test func `a site that leads from http to https is judged by where it leads`() async throws {
        try await Outlook.run(Self.sound) { _, _ in
            []
        } _: { outlook in
            let report = try await outlook.call(outlook.scan, ["target": .string(outlook.plain + "/up")])
            let found = report["findings"]?.array ?? []
            let ids = found.compactMap { $0["id"]?.string }
            #expect(!ids.contains("tls_missing") && ids.contains("first_step_plain"), "\(ids)")
            #expect(found.first { $0["id"] == "first_step_plain" }?["severity"] == "info")
            // The certificate is the one of the page that people see.
            #expect(report["checked"] == ["tls", "http"])
            #expect(!ids.contains("hsts_missing") && !ids.contains("cookie_not_secure"))
        }
    }

    @Test func `a policy above the name holds for it, up to the organisation`() async throws {
        try await Outlook.run(Self.sound) { name, type in
            switch (name, type) {
            case ("mail.example.org", .txt): [(.txt, FakeNameServer.text("v=spf1 -all"))]
            case ("_dmarc.example.org", .txt): [(.txt, FakeNameServer.text("v=DMARC1; p=reject; sp=quarantine"))]
            case ("localhost", .caa): [(.caa, [0, 5] + Array("issueca.example".utf8))]
            default: []
            }
        } _: { outlook in
            let report = try await outlook.call(
                outlook.scan, ["target": .string(outlook.secure), "domain": "mail.example.org"])
            let ids = report["findings"]?.array?.compactMap { $0["id"]?.string } ?? ["none"]
            #expect(!ids.contains { $0.hasPrefix("dmarc") }, "\(ids)")
            #expect(outlook.names.questions.contains("_dmarc.example.org TXT"))
            #expect(!outlook.names.questions.contains("_dmarc.org TXT"))
        }
    }

    @Test func `nothing is asked about names that lead inside, nor about those that only a network of its own knows`()
        async throws
    {
        try await Outlook.run(Self.sound) { name, type in
            switch (name, type) {
            case ("inside.example.org", .aaaa): [(.aaaa, [0xFD] + [UInt8](repeating: 1, count: 15))]
            default: [(.txt, FakeNameServer.text("host=db7")), (.mx, [0, 10, 4] + "mail".utf8 + [0])]
            }
        } _: { outlook in
            for name in ["inside.example.org", "printer", "vault.internal", "nas.home.arpa", "db.corp", "_mta-sts.x.lan"] {
                let look = try await #require(throws: StepFailure.self) {
                    _ = try await outlook.call(
                        outlook.inspect,
                        ["target": .string(name), "parts": ["dns"], "records": ["TXT", "MX", "NS", "CAA", "CNAME"]])
                }
                #expect(look.fault.code == .outboundRefused, "\(name): \(look.fault.message)")
                let failure = try await #require(throws: StepFailure.self) {
                    _ = try await outlook.call(outlook.scan, ["target": .string(outlook.secure), "domain": .string(name)])
                }
                #expect(failure.fault.code == .outboundRefused, "\(name): \(failure.fault.message)")
            }
            let asked = outlook.names.questions.filter { !$0.hasPrefix("localhost ") }
            #expect(asked.allSatisfy { $0.hasSuffix(" A") || $0.hasSuffix(" AAAA") }, "\(asked)")
            // A name of the world without addresses is asked about.
            let seen = try await outlook.call(
                outlook.inspect, ["target": "mail.example.org", "parts": ["dns"], "records": ["TXT"]])
            #expect(seen["records"]?.array?.contains { $0["value"] == "host=db7" } == true)
        }
    }

    @Test func `what can't be looked up is skipped, not missed`() async throws {
        try await Outlook.run(Self.sound) { _, _ in
            [(.a, [1, 2, 3])]
        } _: { outlook in
            let report = try await outlook.call(outlook.scan, ["target": .string(outlook.secure)])
            #expect(report["skipped"]?["dns"]?.string?.contains("malformed") == true)
            #expect(report["findings"]?.array?.contains { $0["id"] == "spf_missing" } == false)
        }
    }

    @Test func `answers of name servers are read whole or refused, whatever they hold`() throws {
        let question = try #require(DNSMessage.question("example.com", .txt, id: 7))
        let good = FakeNameServer.answer(question, [(.txt, FakeNameServer.text("a", "b")), (.ns, [2, 0x6E, 0x73, 0xC0, 12])])
        let message = try DNSMessage(good)
        #expect(message.id == 7 && message.records.map(\.value) == ["ab", "ns.example.com"])
        for count in 0..<good.count { #expect(throws: Fault.self) { _ = try DNSMessage(Array(good.prefix(count))) } }
        // A name that points to itself.
        let loop = FakeNameServer.answer(question, [(.ns, [0xC0, UInt8(question.count + 12)])])
        #expect(throws: Fault.self) { _ = try DNSMessage(loop) }
        // Any byte changed gives an answer or a refusal, never a trap.
        var refused = 0
        for at in good.indices {
            for value: UInt8 in [0, 1, 0x3F, 0x40, 0xC0, 0xFF] {
                var bytes = good
                bytes[at] = value
                if (try? DNSMessage(bytes)) == nil { refused += 1 }
            }
        }
        #expect(refused > 0)
        for name in [
            "a..b", "", String(repeating: "a", count: 64), "a b", Array(repeating: "abcdefg", count: 32).joined(separator: "."),
        ] {
            #expect(DNSMessage.question(name, .a, id: 1) == nil, "\(name)")
        }
        #expect(
            DNSResolver.servers(in: "# x\nnameserver 10.0.0.1\nnameserver\t::1\noptions x\nnameserver no\n").map(\.address)
                == [IPAddress("10.0.0.1"), IPAddress("::1")])
    }
}
