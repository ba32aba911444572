// `mcp_call` against a real MCP server in all four of its manners, and against one that a test scripts.

import Base
import HTTP
import JSON
import Loop
import Testing

@testable import Execution

@Suite struct MCPTests {
    /// Calls the tool from a loop of its own, with the guard open for `port` of loopback.
    private func call(_ port: Int, _ input: [String: JSONValue], isOpen: Bool = true) async throws -> JSONValue {
        let group = LoopGroup(count: 1)
        let pool = BlockingPool(name: "mcp", threads: 1)
        let rule = isOpen ? try AddressGuard(allowing: "127.0.0.1/32:\(port)") : AddressGuard()
        let client = OutgoingClient(group: group, rule: rule, pool: pool)
        var object = JSONObject()
        object["url"] = .string("http://127.0.0.1:\(port)/mcp")
        for (name, value) in input { object[name] = value }
        let whole = JSONValue.object(object)
        let result = await group.loops[0].call { () async -> Result<JSONValue, any Error> in
            do {
                return .success(try await Model.call(MCPCallTool(client: client), whole))
            } catch {
                return .failure(error)
            }
        }
        await client.stop()
        group.stop()
        pool.stop()
        return try result.get()
    }

    // MARK: The real one

    @Test(.enabled(if: MCPServerProcess.isThere, "./ops/test installs mcp"))
    func `the server of the mcp package is spoken with, in JSON and in streams, with sessions and without`() async throws {
        for (answersJSON, isStateless) in [(true, true), (true, false), (false, true), (false, false)] {
            try await MCPServerProcess.run(answersJSON: answersJSON, isStateless: isStateless) { port in
                try await talk(port)
            }
        }
    }

    private func talk(_ port: Int) async throws {
        let list = try await call(port, ["action": "list"])
        #expect(list["server"]?["name"] == "atlas" && list["server"]?["version"] == "3.1")
        #expect(list["tools"]?.array?.compactMap { $0["name"]?.string } == ["add", "fail"])
        #expect(list["tools"]?[0]?["inputSchema"]?["properties"]?["a"]?["type"] == "integer")
        let sum = try await call(port, ["tool": "add", "arguments": ["a": 40, "b": 2]])
        #expect(sum["text"] == "42" && sum["structured"] == ["result": 42] && sum["is_error"] == false)
        let failed = try await call(port, ["tool": "fail"])
        #expect(failed["is_error"] == true && failed["text"]?.string?.contains("no such island") == true, "\(failed)")
        let failure = await #expect(throws: StepFailure.self) {
            _ = try await call(port, ["tool": "fail", "fail_on_error": true])
        }
        #expect(failure?.kind == .permanent && failure?.fault.message.contains("no such island") == true)
    }

    // MARK: A scripted one

    /// What a server of one tool answers, by the method.
    private static func reply(_ request: Site.Request, session: String) -> Site.Answer {
        guard let body = try? JSONValue(parsing: Array(request.body.utf8)) else { return (200, [], "") }
        let json = [("content-type", "application/json")]
        let id = body["id"]?.int ?? 0
        switch body["method"]?.string {
        case "initialize":
            let text =
                #"{"jsonrpc":"2.0","id":\#(id),"result":{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"s"}}}"#
            return (200, json + [("mcp-session-id", session)], text)
        case "notifications/initialized": return (202, [], "")
        case "tools/call":
            return (200, json, #"{"jsonrpc":"2.0","id":\#(id),"result":{"content":[{"type":"text","text":"done"}]}}"#)
        default: return (200, json, #"{"jsonrpc":"2.0","id":\#(id),"error":{"code":-32601,"message":"unknown method"}}"#)
        }
    }

    private static func method(_ request: Site.Request) -> String {
        (try? JSONValue(parsing: Array(request.body.utf8)))?["method"]?.string ?? request.method
    }

    private func serve(_ site: Site, _ body: @escaping @Sendable (Int) async throws -> Void) async throws {
        try await Reach.to(site) { reach in try await body(Int(reach.origin.split(separator: ":").last ?? "") ?? 0) }
    }

    @Test func `a session is begun, used and ended, and one that was forgotten is begun anew once`() async throws {
        let site = Site { request, number in
            let isForgotten = MCPTests.method(request) == "tools/call" && number == 3
            return isForgotten ? (404, [], "") : MCPTests.reply(request, session: "s\(number)")
        }
        try await serve(site) { port in
            let output = try await call(port, ["tool": "x"])
            #expect(output["text"] == "done")
            let methods = site.requests.map(MCPTests.method)
            #expect(
                methods == [
                    "initialize", "notifications/initialized", "tools/call", "initialize", "notifications/initialized",
                    "tools/call",
                    "DELETE",
                ])
        }
        let always = Site { request, _ in
            MCPTests.method(request) == "tools/call" ? (404, [], "") : MCPTests.reply(request, session: "s")
        }
        try await serve(always) { port in
            let failure = await #expect(throws: StepFailure.self) { _ = try await call(port, ["tool": "x"]) }
            #expect(failure?.kind == .permanent)
            #expect(always.requests.count { MCPTests.method($0) == "tools/call" } == 2)
        }
    }

    @Test func `what the server asks and tells in a stream is answered and passed over`() async throws {
        let site = Site { request, _ in
            guard MCPTests.method(request) == "tools/call" else { return MCPTests.reply(request, session: "s") }
            let id = (try? JSONValue(parsing: Array(request.body.utf8)))?["id"]?.int ?? 0
            let events = """
                id: 1\r
                data:\r
                \r
                data: {"jsonrpc":"2.0","method":"notifications/message","params":{}}\r
                \r
                data: {"jsonrpc":"2.0","id":"p","method":"ping"}\r
                \r
                data: {"jsonrpc":"2.0","id":9,"method":"sampling/createMessage"}\r
                \r
                data: {"jsonrpc":"2.0","id":\(id),"result":{"content":[{"type":"text","text":"after all"}]}}
                """
            return (200, [("content-type", "text/event-stream")], events)
        }
        try await serve(site) { port in
            let output = try await call(port, ["tool": "x"])
            #expect(output["text"] == "after all")
            let replies = site.requests.compactMap { try? JSONValue(parsing: Array($0.body.utf8)) }.filter { $0["method"] == nil }
            #expect(replies.contains(["jsonrpc": "2.0", "id": "p", "result": [:]]))
            #expect(replies.contains { $0["id"] == 9 && $0["error"]?["code"] == -32601 })
        }
    }

    @Test func `failures before the call did nothing, and failures of the call are the server's word`() async throws {
        let busy = Site { _, _ in (503, [("retry-after", "4")], "") }
        try await serve(busy) { port in
            let failure = await #expect(throws: StepFailure.self) { _ = try await call(port, ["tool": "x"]) }
            #expect(failure?.fault.code == .outboundUnreachable && failure?.fault.retryAfterSeconds == 4)
            #expect(failure?.during(.unsafe).kind == .transient, "nothing was done")
        }
        let refusing = Site { request, _ in MCPTests.reply(request, session: "s") }
        try await serve(refusing) { port in
            let failure = await #expect(throws: StepFailure.self) { _ = try await call(port, ["action": "list"]) }
            #expect(failure?.kind == .permanent && failure?.fault.message.contains("unknown method") == true)
        }
        let broken = Site { request, _ in
            MCPTests.method(request) == "tools/call" ? (500, [], "") : MCPTests.reply(request, session: "s")
        }
        try await serve(broken) { port in
            let failure = await #expect(throws: StepFailure.self) { _ = try await call(port, ["tool": "x"]) }
            #expect(failure?.during(.unsafe).kind == .outcomeUnknown)
        }
        let foreign = Site { _, _ in
            (200, [("content-type", "application/json")], #"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"1999-01-01"}}"#)
        }
        try await serve(foreign) { port in
            let failure = await #expect(throws: StepFailure.self) { _ = try await call(port, ["tool": "x"]) }
            #expect(failure?.kind == .permanent)
        }
    }

    @Test func `what is no answer of the protocol is told by its status and its type, never by its content`() async throws {
        let hidden = "s3cret"
        let answers: [(Site.Answer, [String])] = [
            ((200, [("content-type", "text/html; charset=utf-8")], "<p>\(hidden)</p>"), ["status 200", "text/html"]),
            ((404, [("content-type", "text/html")], "<p>\(hidden)</p>"), ["status 404", "text/html"]),
            ((200, [("content-type", "application/json")], "{\"a\":\"\(hidden)\"}"), ["status 200", "JSON-RPC"]),
            ((200, [("content-type", "application/json")], hidden), ["status 200", "application/json", "no JSON"]),
            ((202, [], ""), ["status 202", "no content type"]),
        ]
        for (answer, words) in answers {
            try await serve(Site { _, _ in answer }) { port in
                let failure = await #expect(throws: StepFailure.self) { _ = try await call(port, ["tool": "x"]) }
                let message = failure?.fault.message ?? ""
                for word in words { #expect(message.contains(word), "\(word): \(message)") }
                #expect(!message.contains(hidden) && !message.contains("charset"))
            }
        }
    }

    @Test func `an endless list of tools is given up, and a private address is refused`() async throws {
        let site = Site { request, _ in
            guard MCPTests.method(request) == "tools/list" else { return MCPTests.reply(request, session: "s") }
            let id = (try? JSONValue(parsing: Array(request.body.utf8)))?["id"]?.int ?? 0
            return (
                200, [("content-type", "application/json")],
                #"{"jsonrpc":"2.0","id":\#(id),"result":{"tools":[{"name":"a"}],"nextCursor":"more"}}"#
            )
        }
        try await serve(site) { port in
            let failure = await #expect(throws: StepFailure.self) { _ = try await call(port, ["action": "list"]) }
            #expect(failure?.fault.code == .limitReached)
            #expect(site.requests.count { MCPTests.method($0) == "tools/list" } == MCPSession.pageLimit)
            let refused = await #expect(throws: StepFailure.self) { _ = try await call(port, ["tool": "x"], isOpen: false) }
            #expect(refused?.fault.code == .outboundRefused && refused?.kind == .permanent)
        }
    }

    @Test func `credentials are kept out of the journal, and a call is repeated only where that is allowed`() throws {
        let group = LoopGroup(count: 1)
        let pool = BlockingPool(name: "mcp", threads: 1)
        defer {
            group.stop()
            pool.stop()
        }
        let tool = MCPCallTool(client: OutgoingClient(group: group, rule: AddressGuard(), pool: pool))
        let input: JSONValue = [
            "url": "https://a.example/mcp", "tool": "x", "headers": ["Authorization": "Bearer s3cret", "x-a": "b"],
        ]
        let shown = JSONValue.object(tool.redacted(try #require(input.object)))
        #expect(shown["headers"] == ["Authorization": "[redacted]", "x-a": "b"])
        func effect(_ more: JSONValue) throws -> Effect {
            try tool.prepare(try #require(input.object).merging(more.object ?? JSONObject())).effect
        }
        #expect(try effect([:]) == .unsafe)
        #expect(try effect(["idempotent": true]) == .idempotent)
        #expect(try effect(["action": "list"]) == .idempotent)
    }
}
