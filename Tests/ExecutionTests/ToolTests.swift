// The tools over real sockets: pages served by our own server on loopback, which the guard opens for its port alone.

import Base
import HTTP
import JSON
import Loop
import Synchronization
import Tenancy
import Testing

@testable import Execution

/// A site that a test serves, and what was asked of it.
final class Site: Responder {
    /// One request as it came in.
    struct Request: Sendable {
        let method: String
        let path: String
        let userAgent: String?
        let idempotencyKey: String?
        let authorization: String?
        let body: String
    }

    typealias Answer = (status: Int, headers: [(String, String)], body: String)

    private let answer: @Sendable (Request, Int) -> Answer
    private let seen = Mutex<[Request]>([])

    init(_ answer: @escaping @Sendable (Request, Int) -> Answer) {
        self.answer = answer
    }

    var requests: [Request] { seen.withLock { $0 } }

    func respond(to exchange: Exchange) async {
        let body = (try? await exchange.readBody()) ?? []
        let head = exchange.head
        let request = Request(
            method: head.methodText, path: head.pathText, userAgent: head.headers.text(of: .userAgent),
            idempotencyKey: head.headers.text(of: .idempotencyKey), authorization: head.headers.text(of: .authorization),
            body: String(decoding: body, as: UTF8.self))
        let number = seen.withLock { seen in
            seen.append(request)
            return seen.count
        }
        let answer = answer(request, number)
        exchange.respond(status: answer.status) { head in
            for (name, value) in answer.headers { head.append(contentsOf: "\(name): \(value)\r\n".utf8) }
        } body: { body in
            body.append(contentsOf: answer.body.utf8)
        }
    }

    func refuse(_ fault: Fault, on exchange: Exchange) {
        exchange.respond(status: fault.code.status)
    }
}

/// A site that runs, and the tools that may reach it.
struct Reach: Sendable {
    let origin: String
    let tools: [any Tool]
    fileprivate let server: Server

    /// Has nobody listen any more.
    func close() async { await server.stop(graceMilliseconds: 0) }

    /// Serves `site` on loopback for as long as `body` runs.
    static func to(_ site: Site, _ body: @escaping @Sendable (Reach) async throws -> Void) async throws {
        let group = LoopGroup(count: 1)
        let pool = BlockingPool(name: "reach", threads: 2)
        let server = try await Server(on: .v4(0x7F00_0001, port: 0), group: group, responder: site)
        let rule = try AddressGuard(allowing: "127.0.0.1/32:\(server.address.port)")
        let client = OutgoingClient(group: group, rule: rule, pool: pool)
        let registry = ToolRegistry.standard(client: client, pool: pool)
        let result = await Task { () async -> Result<Void, any Error> in
            do {
                let origin = "http://127.0.0.1:\(server.address.port)"
                return .success(try await body(Reach(origin: origin, tools: registry.tools, server: server)))
            } catch {
                return .failure(error)
            }
        }.value
        await client.stop()
        await server.stop(graceMilliseconds: 1_000)
        group.stop()
        pool.stop()
        try result.get()
    }

    /// Calls a tool by itself, as a step of some run.
    func call(_ name: String, _ input: JSONValue, deadlineMilliseconds: Int = 30_000) async throws -> JSONValue {
        let tool = try #require(tools.first { $0.name == name })
        let context = ToolContext(
            tenant: .make(), execution: .make(), stepKey: "tool[0]",
            deadline: Instant.now.advanced(milliseconds: deadlineMilliseconds), log: RunLog(epoch: 1))
        return try await tool.prepare(input.object ?? JSONObject()).act(context)
    }
}

private let page = """
    <!doctype html><html lang="en"><head><title>The islands &amp; the sea</title>
    <meta name="description" content="About islands."><meta property="og:site_name" content="Atlas">
    <link rel="canonical" href="/islands"></head><body>
    <nav><a href="/home">Home</a> <a href="/about">About</a></nav>
    <main><h1 id="top">The islands</h1>
    <p>An island is a piece of land that is surrounded by water on every side, and it is smaller than a continent.
    There are <a href="rivers/delta.html">islands in rivers</a> and islands in the sea, and some of them are made by people.</p>
    <p>A group of islands that belong together is called an archipelago, and most of them were made by volcanoes long ago.
    See the <a href="https://example.org/volcanoes">volcanoes</a> or <a href="mailto:a@b.c">write</a>.</p></main>
    <footer>Printed on paper</footer></body></html>
    """

@Suite struct ToolTests {
    private static func html(_ request: Site.Request, robots: String = "") -> Site.Answer {
        if request.path == "/robots.txt" {
            return robots.isEmpty ? (404, [], "") : (200, [("content-type", "text/plain")], robots)
        }
        if request.path == "/moved" { return (302, [("location", "/private/page")], "") }
        return (200, [("content-type", "text/html; charset=utf-8")], page)
    }

    @Test func `an agent reads a real page from the trigger to the output`() async throws {
        let site = Site { request, _ in ToolTests.html(request) }
        try await Reach.to(site) { reach in
            try await Workshop.run(reach.tools) { shop in
                let agent = try await shop.agent("web_scraper", "ping")
                try await shop.working {
                    let id = try await shop.trigger(agent, ["url": .string(reach.origin + "/islands.html?a=1")])
                    let execution = try await shop.ended(id)
                    #expect(execution.summary.state == .succeeded)
                    let output = try JSONValue(parsing: try #require(execution.result).bytes)
                    let read = try #require(output["web_scraper"])
                    #expect(read["title"] == "The islands & the sea")
                    #expect(read["description"] == "About islands.")
                    #expect(read["language"] == "en")
                    #expect(read["status"] == 200)
                    #expect(read["text"]?.string?.contains("called an archipelago") == true)
                    #expect(read["text"]?.string?.contains("Printed on paper") == false)
                    let links = read["links"]?.array?.compactMap { $0["url"]?.string } ?? []
                    #expect(links.contains(reach.origin + "/rivers/delta.html"))
                    #expect(links.contains("https://example.org/volcanoes"))
                    #expect(links.allSatisfy { $0.hasPrefix("http") })
                    #expect(read["headings"]?[0]?["text"] == "The islands")
                    #expect(read["metadata"]?["canonical"] == .string(reach.origin + "/islands"))
                    #expect((read["word_count"]?.int ?? 0) > 40)
                    #expect(read["timings"]?["total_ms"]?.int != nil)
                    #expect(output["ping"]?["pong"] == true)
                    let steps = try await shop.steps(id)
                    #expect(steps.map(\.tool) == ["web_scraper", "ping"])
                }
            }
            #expect(site.requests.map(\.path) == ["/robots.txt", "/islands.html"])
            #expect(site.requests.allSatisfy { $0.userAgent == WebScraperTool.userAgent })
        }
    }

    @Test func `robots.txt is heeded, at the start and behind a redirect, unless it is told not to be`() async throws {
        let site = Site { request, _ in ToolTests.html(request, robots: "User-agent: *\nDisallow: /private") }
        try await Reach.to(site) { reach in
            for path in ["/private/page", "/moved"] {
                let failure = await #expect(throws: StepFailure.self) {
                    try await reach.call("web_scraper", ["url": .string(reach.origin + path)])
                }
                #expect(failure?.fault.code == .outboundRefused && failure?.kind == .permanent)
            }
            let read = try await reach.call(
                "web_scraper", ["url": .string(reach.origin + "/private/page"), "respect_robots": false])
            #expect(read["status"] == 200)
        }
    }

    @Test func `text alone leaves links out, and the number of links is bounded`() async throws {
        let site = Site { request, _ in ToolTests.html(request) }
        try await Reach.to(site) { reach in
            let text = try await reach.call("web_scraper", ["url": .string(reach.origin + "/"), "extract_text_only": true])
            #expect(text["links"] == [] && text["headings"] == [] && text["metadata"] == .null)
            #expect(text["text"]?.string?.isEmpty == false)
            let few = try await reach.call("web_scraper", ["url": .string(reach.origin + "/"), "max_links": 1])
            #expect(few["links"]?.array?.count == 1)
            #expect(few["truncated"] == true)
        }
    }

    @Test func `a page that is not there fails for good, a busy server for now`() async throws {
        let site = Site { request, _ in
            switch request.path {
            case "/robots.txt": (404, [], "")
            case "/gone": (404, [], "no")
            case "/busy": (503, [("retry-after", "7")], "")
            default: (200, [("content-type", "application/pdf")], "%PDF")
            }
        }
        try await Reach.to(site) { reach in
            func fail(_ path: String) async -> StepFailure? {
                await #expect(throws: StepFailure.self) {
                    try await reach.call("web_scraper", ["url": .string(reach.origin + path)])
                }
            }
            #expect(await fail("/gone")?.kind == .permanent)
            let busy = await fail("/busy")
            #expect(busy?.kind == .transient && busy?.fault.retryAfterSeconds == 7)
            #expect(await fail("/file.pdf")?.fault.code == .unsupportedMediaType)
        }
    }

    @Test func `addresses that nobody opened are refused, and so are schemes and credentials`() async throws {
        let site = Site { request, _ in ToolTests.html(request) }
        try await Reach.to(site) { reach in
            for url in ["http://127.0.0.1:1/", "http://169.254.169.254/latest", "http://[::1]/", "http://2130706433:9/"] {
                for tool in ["web_scraper", "http_request"] {
                    let failure = await #expect(throws: StepFailure.self) { try await reach.call(tool, ["url": .string(url)]) }
                    #expect(failure?.fault.code == .outboundRefused, "\(url)")
                    #expect(failure?.kind == .permanent)
                }
            }
            for url in ["file:///etc/passwd", "http://user:pass@127.0.0.1/", "islands", "ftp://example.com/"] {
                let fault = await #expect(throws: Fault.self) { try await reach.call("http_request", ["url": .string(url)]) }
                #expect(fault?.fields.map(\.path) == ["url"], "\(url)")
            }
            #expect(site.requests.isEmpty)
        }
    }

    @Test func `an answer is given as JSON, as text or in base64, whatever its status`() async throws {
        let site = Site { request, _ in
            switch request.path {
            case "/json": (418, [("content-type", "application/problem+json"), ("set-cookie", "id=secret")], #"{"a":[1,2.5]}"#)
            case "/text": (200, [("content-type", "text/plain")], "gr\u{FC}n")
            default: (200, [("content-type", "application/octet-stream")], "a\0b")
            }
        }
        try await Reach.to(site) { reach in
            let json = try await reach.call("http_request", ["url": .string(reach.origin + "/json")])
            #expect(json["status"] == 418 && json["json"]?["a"]?[1] == 2.5 && json["text"] == nil)
            #expect(json["headers"]?["set-cookie"] == "[redacted]")
            let text = try await reach.call("http_request", ["url": .string(reach.origin + "/text")])
            #expect(text["text"] == "gr\u{FC}n")
            let bytes = try await reach.call("http_request", ["url": .string(reach.origin + "/bytes")])
            #expect(bytes["base64"] == "YQBi")
            let failure = await #expect(throws: StepFailure.self) {
                try await reach.call("http_request", ["url": .string(reach.origin + "/json"), "fail_on_status": true])
            }
            #expect(failure?.kind == .permanent)
        }
    }

    @Test func `a repeated request bears the same key, and credentials are kept nowhere`() async throws {
        let site = Site { _, number in
            number == 1 ? (503, [], "") : (200, [("content-type", "application/json")], #"{"ok":true}"#)
        }
        try await Reach.to(site) { reach in
            try await Workshop.run(reach.tools) { shop in
                var configuration = JSONObject()
                configuration["method"] = "POST"
                configuration["url"] = .string(reach.origin + "/hook")
                configuration["headers"] = ["Authorization": "Bearer sesame", "X-Note": "plain"]
                configuration["json"] = ["n": 1]
                configuration["idempotent"] = true
                configuration["fail_on_status"] = true
                let blueprint = Blueprint(
                    tools: [.init(name: "http_request", configuration: configuration)], strategy: .init(name: "reactive"))
                let agent = try await shop.agents.create(CreateAgent(name: "Hook", blueprint: blueprint), try shop.permit())
                _ = try await shop.agents.start(agent.id, try shop.permit())
                try await shop.working {
                    let id = try await shop.trigger(agent)
                    let execution = try await shop.ended(id)
                    #expect(execution.summary.state == .succeeded && execution.summary.attempt == 2)
                    #expect(site.requests.map(\.idempotencyKey) == ["\(id):tool[0]", "\(id):tool[0]"])
                    #expect(site.requests.allSatisfy { $0.authorization == "Bearer sesame" && $0.body == #"{"n":1}"# })
                    let step = try #require(try await shop.steps(id).first)
                    let headers = try JSONValue(parsing: step.input.bytes)["headers"]
                    #expect(headers?["Authorization"] == "[redacted]" && headers?["X-Note"] == "plain")
                    for table in ["execution_steps", "execution_logs", "executions"] {
                        let rows = try shop.force("SELECT count(*) FROM \(table) t WHERE t::text LIKE '%sesame%'")
                        #expect(rows[0][0] == "0", "\(table)")
                    }
                }
            }
        }
    }

    @Test func `what an unsafe request did when its answer is lost is not known, and it is not sent again`() async throws {
        let site = Site { _, _ in (200, [], "") }
        try await Reach.to(site) { reach in
            let tool = try #require(reach.tools.first { $0.name == "http_request" })
            let input: JSONValue = ["method": "POST", "url": .string(reach.origin + "/"), "body": "x"]
            #expect(try tool.prepare(input.object ?? JSONObject()).effect == .unsafe)
            let safe: JSONValue = ["method": "PUT", "url": .string(reach.origin + "/"), "body": "x"]
            #expect(try tool.prepare(safe.object ?? JSONObject()).effect == .idempotent)
        }
        let lost = ScriptedTool(effect: .unsafe) { _, _ throws(StepFailure) in throw StepFailure(Fault(.outboundFailed, "cut")) }
        try await Workshop.run([lost]) { shop in
            let agent = try await shop.agent("scripted")
            try await shop.working {
                let execution = try await shop.ended(try await shop.trigger(agent))
                #expect(execution.summary.state == .indeterminate)
                #expect(lost.calls == 1)
            }
        }
    }

    @Test func `a server that is not there got nothing, so that even an unsafe request is tried again`() async throws {
        let site = Site { _, _ in (200, [], "") }
        try await Reach.to(site) { reach in
            // The port is open by the guard's rule, and nobody listens there any more.
            await reach.close()
            let failure = await #expect(throws: StepFailure.self) {
                try await reach.call("http_request", ["method": "POST", "url": .string(reach.origin + "/"), "body": "x"])
            }
            #expect(failure?.fault.code == .outboundUnreachable)
            #expect(failure?.during(.unsafe).kind == .transient)
        }
    }

    @Test func `only one body can be given, and what came before can be it`() async throws {
        let site = Site { _, _ in (204, [], "") }
        try await Reach.to(site) { reach in
            let fault = await #expect(throws: Fault.self) {
                try await reach.call("http_request", ["url": .string(reach.origin), "body": "x", "json": 1])
            }
            #expect(fault?.fields.map(\.path) == ["body"])
            _ = try await reach.call(
                "http_request",
                ["method": "PUT", "url": .string(reach.origin), "send_previous": true, "previous": ["found": [1, 2]]])
            #expect(site.requests.map(\.body) == [#"{"found":[1,2]}"#])
            let tool = try #require(reach.tools.first { $0.name == "http_request" })
            let input: JSONValue = ["url": "http://example.com/", "previous": ["long": "output"]]
            #expect(tool.redacted(try #require(input.object))["previous"] == nil, "it is kept once, as the output of its step")
        }
    }

    @Test func `every tool describes itself by its own declarations, and its examples are what it takes`() async throws {
        let site = Site { _, _ in (204, [], "") }
        try await Reach.to(site) { reach in
            let names = [
                "ping", "http_request", "web_scraper", "json_transform", "validate", "template", "llm_chat", "summarize",
                "write_blog",
                "mcp_call", "wait", "call_agent", "call_flow",
            ]
            #expect(reach.tools.map(\.name) == names)
            for tool in reach.tools {
                #expect(!tool.examples.isEmpty)
                for example in tool.examples {
                    try tool.checkConfiguration(example.configuration)
                    _ = try tool.prepare(example.configuration.merging(example.input))
                }
                let text = String(decoding: ToolDescription.output.bytes(ToolDescription(tool)), as: UTF8.self)
                #expect(text.contains(#""name":"\#(tool.name)""#))
                #expect(!text.contains("$ref\":\"#/components/schemas/\(tool.name)"))
            }
        }
    }
}
