// Watching what happens, on whole servers: over WebSockets, over server-sent events, in lists; across nodes, after a break, for the wrong people,
// and for people whose time is over.

import Base
import HTTP
import Identity
import InsulaTesting
import JSON
import Tenancy
import Testing

@Suite struct EventTests {
    /// The `n` of an event's payload, and its number.
    private static func event(_ message: JSONValue) -> (n: Int, seq: Int) {
        (message["event"]?["payload"]?["n"]?.int ?? -1, message["event"]?["seq"]?.int ?? -1)
    }

    private static func watch(
        _ visit: Visit, _ further: JSONValue = [:], on server: TestServer? = nil
    ) async throws -> TestWebSocket {
        let socket = try await (server ?? visit.server).watch(key: visit.tenant.key)
        _ = try await socket.next("ready")
        let subscribe: JSONValue = ["type": "subscribe"]
        try await socket.say(.object((subscribe.object ?? JSONObject()).merging(further.object ?? JSONObject())))
        _ = try await socket.next("subscribed")
        return socket
    }

    private static func flow(_ server: TestServer, _ tenant: TenantID) async throws {
        for _ in 0..<60 { try server.happen("step.succeeded", in: tenant, count: 25) }
    }

    @Test func `two servers on one database deliver each other's events, in order and once`() async throws {
        let database = try await TestDatabase.make()
        try await TestServer.run(on: database) { first in
            try await TestServer.run(on: database) { second in
                let visit = try await Visit(first)
                let sockets = [try await EventTests.watch(visit), try await EventTests.watch(visit, on: second)]
                let ref = ExecutionID.make()
                for _ in 0..<5 { try first.happen("execution.started", in: visit.tenant.id, about: ref, count: 40) }
                for socket in sockets {
                    for seq in 1...200 {
                        let message = try await socket.next("event")
                        #expect(EventTests.event(message).seq == seq && message["id"] == "default")
                        #expect(
                            message["event"]?["ref"]?.string == ref.description
                                && message["event"]?["type"] == "execution.started")
                    }
                    await socket.drop()
                }
            }
        }
    }

    @Test func `who comes back with the number of the last event misses nothing, while events flow`() async throws {
        let visit = try await Visit()
        let (server, tenant) = (visit.server, visit.tenant.id)
        async let flow: Void = EventTests.flow(server, tenant)
        var seen: [Int] = []
        var last = 0
        while last < 1_500 {
            let socket = try await EventTests.watch(visit, ["last_seq": .integer(last)])
            // Somewhere in the middle the line breaks.
            for _ in 0..<400 where last < 1_500 {
                last = EventTests.event(try await socket.next("event")).seq
                seen.append(last)
            }
            await socket.drop()
        }
        try await flow
        #expect(seen == Array(1...1_500))
    }

    @Test func `another tenant's events are nobody's, whatever is asked for`() async throws {
        let (visit, stranger) = (try await Visit(), try await Visit())
        let ref = ExecutionID.make()
        let socket = try await EventTests.watch(stranger, ["last_seq": 0, "filters": ["refs": [.string(ref.description)]]])
        let all = try await EventTests.watch(stranger, ["last_seq": 0])
        let own = try await EventTests.watch(visit)
        try visit.server.happen("execution.failed", in: visit.tenant.id, about: ref)
        _ = try await own.next("event")
        // What comes next is the stranger's own, with his own first number.
        try visit.server.happen("execution.failed", in: stranger.tenant.id, about: ref, count: 2)
        #expect(EventTests.event(try await socket.next("event")) == (1, 1))
        #expect(EventTests.event(try await all.next("event")) == (1, 1))
        let list = try await stranger.call(200, "GET", "/v1/events?filter[ref]=\(ref)").json
        #expect(list["data"]?.array?.compactMap { $0["seq"]?.int } == [2, 1])
        for one in [socket, all, own] { await one.drop() }
    }

    @Test func `a subscription gets what it asked for and ends when it is told to`() async throws {
        let visit = try await Visit()
        let (server, tenant) = (visit.server, visit.tenant.id)
        let ref = ExecutionID.make()
        let socket = try await EventTests.watch(
            visit, ["id": "failures", "filters": ["types": ["execution.failed", "step.*"], "refs": [.string(ref.description)]]])
        try await socket.say(["type": "subscribe", "id": "all"])
        _ = try await socket.next("subscribed")
        try server.happen("execution.failed", in: tenant)
        try server.happen("execution.started", in: tenant, about: ref)
        try server.happen("step.failed", in: tenant, about: ref)
        var seen: [String: [String]] = [:]
        for _ in 0..<4 {
            let message = try await socket.next("event")
            seen[message["id"]?.string ?? "", default: []].append(message["event"]?["type"]?.string ?? "")
        }
        #expect(seen == ["failures": ["step.failed"], "all": ["execution.failed", "execution.started", "step.failed"]])
        try await socket.say(["type": "unsubscribe", "id": "all"])
        #expect(try await socket.next("unsubscribed")["id"] == "all")
        try server.happen("execution.started", in: tenant)
        try server.happen("step.started", in: tenant, about: ref)
        #expect(try await socket.next("event")["id"] == "failures")
        try await socket.say(["type": "ping"])
        _ = try await socket.next("pong")
        await socket.drop()
    }

    @Test func `what is wrong in a message is told by its field, and the socket stays open`() async throws {
        let visit = try await Visit()
        let socket = try await visit.server.watch(key: visit.tenant.key)
        _ = try await socket.next("ready")
        let wrong: [(JSONValue, String)] = [
            (["type": "shout"], "type"), ([:], "type"), (["type": "subscribe", "more": 1], "more"),
            (["type": "subscribe", "filters": ["types": ["execution.failed", "*.x"]]], "filters.types[1]"),
            (["type": "subscribe", "filters": ["refs": ["nothing"]]], "filters.refs[0]"),
            (["type": "subscribe", "filters": ["kinds": []]], "filters.kinds"),
            (["type": "subscribe", "last_seq": -1], "last_seq"), (["type": "subscribe", "last_seq": 1_000], "last_seq"),
            (["type": "subscribe", "id": ""], "id"), (["type": "unsubscribe", "id": "nobody"], "id"),
        ]
        for (message, field) in wrong {
            try await socket.say(message)
            let error = try await socket.next("error")
            #expect(error["code"] == "validation_failed" && error["errors"]?[0]?["field"]?.string == field, "\(error)")
        }
        for text in ["{", "[]", "1"] {
            var bytes: [UInt8] = []
            bytes.appendWebSocketFrame(.text, Array(text.utf8), mask: .random())
            try await socket.send(bytes)
            #expect(try await socket.next("error")["code"] == "malformed_request")
        }
        for number in 0..<16 {
            try await socket.say(["type": "subscribe", "id": .string("s\(number)")])
            _ = try await socket.next("subscribed")
        }
        try await socket.say(["type": "subscribe", "id": "s3"])
        #expect(try await socket.next("error")["errors"]?[0]?["code"] == "duplicate")
        try await socket.say(["type": "subscribe", "id": "one too many"])
        #expect(try await socket.next("error")["code"] == "limit_reached")
        await socket.drop()
    }

    @Test func `who reads too slowly is closed with 1013, and others are not held up`() async throws {
        // On a server of its own, which it keeps busy.
        try await TestServer.run { server in
            let visit = try await Visit(server)
            let slow = try await EventTests.watch(visit)
            let other = try await EventTests.watch(visit, ["filters": ["types": ["step.*"]]])
            for _ in 0..<20 { try server.happen("execution.started", in: visit.tenant.id, count: 100, size: 16_000) }
            try server.happen("step.failed", in: visit.tenant.id)
            #expect(EventTests.event(try await other.next("event")).seq == 2_001)
            #expect(try await slow.end() == 1013)
            await other.drop()
        }
    }

    // MARK: Who may watch

    @Test func `a credential comes in the head, by a protocol, or with the first message`() async throws {
        let visit = try await Visit()
        let server = visit.server
        let byProtocol = try await server.watch(
            headers: [("sec-websocket-protocol", "insula.v1, insula.bearer.\(visit.tenant.key)")])
        #expect(byProtocol.answer["sec-websocket-protocol"] == "insula.v1")
        _ = try await byProtocol.next("ready")
        let byMessage = try await server.watch()
        try await byMessage.say(["type": "subscribe"])
        #expect(try await byMessage.next("error")["code"] == "unauthenticated")
        try await byMessage.say(["type": "authenticate", "token": .string(visit.tenant.key)])
        _ = try await byMessage.next("ready")
        try await byMessage.say(["type": "subscribe"])
        _ = try await byMessage.next("subscribed")
        let byBadMessage = try await server.watch()
        try await byBadMessage.say(["type": "authenticate", "token": "nonsense"])
        #expect(try await byBadMessage.next("error")["code"] == "unauthenticated")
        #expect(try await byBadMessage.end() == 1008)
        for headers in [
            [("authorization", "Bearer nonsense")], [("sec-websocket-protocol", "insula.v1, insula.bearer.nonsense")],
        ] {
            await #expect(throws: Fault.self) { try await server.watch(headers: headers) }
        }
        for socket in [byProtocol, byMessage] { await socket.drop() }
    }

    @Test func `a cookie opens a socket for a page of this server, and for no other`() async throws {
        let visit = try await Visit()
        let cookie = try await visit.tenant.person().session(.cookie).cookie
        let field = ("cookie", "\(SessionCookie.name)=\(cookie)")
        let port = visit.server.port
        for page in [("origin", "http://127.0.0.1:\(port)"), ("sec-fetch-site", "same-origin")] {
            let socket = try await visit.server.watch(headers: [field, page])
            _ = try await socket.next("ready")
            await socket.drop()
        }
        for page in [[], [("origin", "https://evil.example")], [("sec-fetch-site", "cross-site")]] {
            await #expect(throws: Fault.self) { try await visit.server.watch(headers: [field] + page) }
        }
    }

    @Test func `a session that ends closes its sockets and streams, on all nodes`() async throws {
        let database = try await TestDatabase.make()
        try await TestServer.run(on: database) { first in
            try await TestServer.run(on: database) { second in
                let visit = try await Visit(first)
                let session = try await visit.tenant.person().session()
                let sockets = [try await first.watch(key: session.accessToken), try await second.watch(key: session.accessToken)]
                for socket in sockets {
                    _ = try await socket.next("ready")
                    try await socket.say(["type": "subscribe"])
                    _ = try await socket.next("subscribed")
                }
                #expect(try await session.client().call("DELETE", "/v1/sessions/\(session.id)").status < 300)
                for socket in sockets { #expect(try await socket.end() == 1008) }
            }
        }
    }

    @Test func `a right that is lacking or is taken away opens nothing`() async throws {
        let visit = try await Visit()
        let role = try visit.id(of: try await visit.call(201, "POST", "/v1/roles", ["name": "blind", "scopes": ["agents:read"]]))
        let seeing = try visit.id(
            of: try await visit.call(201, "POST", "/v1/roles", ["name": "seeing", "scopes": ["events:read"]]))
        func key(_ role: String) async throws -> (id: String, secret: String) {
            let made = try await visit.call(201, "POST", "/v1/keys", ["name": "k", "role": .string(role)]).json
            return (try #require(made["key"]?["id"]?.string), try #require(made["secret"]?.string))
        }
        let blind = try await key(role)
        await #expect(throws: Fault.self) { try await visit.server.watch(key: blind.secret) }
        expectProblem(try await visit.server.client(key: blind.secret).call("GET", "/v1/events"), 403, "forbidden")
        let watcher = try await key(seeing)
        let socket = try await visit.server.watch(key: watcher.secret)
        _ = try await socket.next("ready")
        try await visit.call(200, "DELETE", "/v1/keys/\(watcher.id)")
        #expect(try await socket.end() == 1008)
    }

    // MARK: The handshake

    @Test func `a handshake that is not sound is refused, and told what is spoken`() async throws {
        let visit = try await Visit()
        let upgrade = [
            ("connection", "keep-alive, Upgrade"), ("upgrade", "websocket"), ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ]
        func without(_ name: String, _ value: String? = nil) -> [(String, String)] {
            upgrade.filter { $0.0 != name } + (value.map { [(name, $0)] } ?? [])
        }
        for headers in [
            without("sec-websocket-key"), without("sec-websocket-key", "short"),
            without("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ"),
        ] { expectProblem(try await visit.client.call("GET", "/v1/events", headers: headers), 400, "malformed_request") }
        for headers in [without("sec-websocket-version"), without("sec-websocket-version", "8")] {
            let answer = try await visit.client.call("GET", "/v1/events", headers: headers)
            expectProblem(answer, 426, "upgrade_required")
            #expect(answer["sec-websocket-version"] == "13" && answer["upgrade"] == "websocket")
        }
        // Without the wish for one it is a list.
        for headers in [without("connection"), without("upgrade"), without("upgrade", "h2c")] {
            #expect(try await visit.client.call("GET", "/v1/events", headers: headers).json["data"] == [])
        }
        expectProblem(
            try await visit.client.call("GET", "/v1/events?limit=1", headers: upgrade), 422, "validation_failed", field: "limit")
    }

    @Test func `what is no text, is too long, or breaks the protocol ends the socket with its code`() async throws {
        let visit = try await Visit()
        func frame(_ opcode: WebSocketOpcode, _ bytes: [UInt8]) -> [UInt8] {
            var frame: [UInt8] = []
            frame.appendWebSocketFrame(opcode, bytes, mask: .random())
            return frame
        }
        let cases: [([UInt8], Int)] = [
            (frame(.binary, [1]), 1003), (frame(.text, [0xFF]), 1007), (frame(.continuation, []), 1002),
            (frame(.text, [UInt8](repeating: 32, count: 70_000)), 1009),
            (Array((0..<300).flatMap { _ in frame(.pong, []) }), 1008),
            (frame(.close, [3, 232]), 1000),
        ]
        for (bytes, code) in cases {
            let socket = try await visit.server.watch(key: visit.tenant.key)
            try await socket.send(bytes)
            #expect(try await socket.end() == code)
        }
    }

    @Test func `a server that stops says so`() async throws {
        // The client lives with another server, and outlives this one.
        let shared = try await TestServer.shared()
        let socket = try await TestServer.run { server in
            let visit = try await Visit(server)
            let socket = try await shared.watch(at: server.port, key: visit.tenant.key)
            _ = try await socket.next("ready")
            return socket
        }
        #expect(try await socket.end() == 1001)
    }
}
