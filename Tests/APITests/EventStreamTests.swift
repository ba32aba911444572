// Watching by server-sent events, and looking back by lists.

import Base
import InsulaTesting
import JSON
import Loop
import Tenancy
import Testing

/// One stream of server-sent events, read event by event.
private final class Stream: @unchecked Sendable {
    // Touched on `loop` alone, by one call at a time.
    private let loop: EventLoop
    private var socket: StreamSocket?
    private var pending = ""

    init(_ visit: Visit) {
        loop = visit.server.readersLoop
    }

    /// Asks, and reads the head of the answer.
    func begin(_ visit: Visit, _ query: String = "", key: String? = nil, headers: String = "") async throws -> String {
        let request = """
            GET /v1/events\(query) HTTP/1.1\r\nhost: a\r\naccept: text/event-stream\r\n\
            authorization: Bearer \(key ?? visit.tenant.key)\r\n\(headers)\r\n
            """
        let port = visit.server.port
        return try await onLoop { stream in
            let deadline = Instant.now.advanced(milliseconds: TestClient.deadlineMilliseconds)
            let made = try await StreamSocket.connect(to: .v4(0x7F00_0001, port: port), on: stream.loop, deadline: deadline)
            made.setDeadline(deadline)
            stream.socket = made
            try await made.write(Array(request.utf8))
            return try await stream.part(upTo: "\r\n\r\n")
        }
    }

    /// The fields of the next event; comments are passed over.
    func next() async throws -> [String: String] {
        try await onLoop { stream in
            while true {
                var fields: [String: String] = [:]
                for line in try await stream.part(upTo: "\n\n").split(separator: "\n") where !line.hasPrefix(":") {
                    let halves = line.split(separator: ": ", maxSplits: 1)
                    fields[String(halves[0])] = halves.count > 1 ? String(halves[1]) : ""
                }
                if fields["data"] != nil { return fields }
            }
        }
    }

    /// Whether the server ends the stream; what comes before is passed over.
    func ends() async throws -> Bool {
        try await onLoop { stream in
            guard let socket = stream.socket else { return true }
            while !(try await socket.read(upTo: 65_536)).isEmpty {}
            return true
        }
    }

    func drop() async {
        await loop.call { [self] in socket?.close() }
    }

    private func part(upTo mark: String) async throws -> String {
        while true {
            if let range = pending.firstRange(of: mark) {
                defer { pending.removeSubrange(..<range.upperBound) }
                return String(pending[..<range.lowerBound])
            }
            guard let more = try await socket?.read(upTo: 65_536), !more.isEmpty else {
                throw Fault(.unavailable, "The stream ended.")
            }
            pending += String(decoding: more, as: UTF8.self)
        }
    }

    private func onLoop<Value: Sendable>(_ body: @escaping @Sendable (Stream) async throws -> Value) async throws -> Value {
        let outcome = await loop.call { () -> Result<Value, any Error> in
            do { return .success(try await body(self)) } catch { return .failure(error) }
        }
        return try outcome.get()
    }
}

@Suite struct EventStreamTests {
    @Test func `a stream tells what happens, and goes on where its reader was`() async throws {
        let visit = try await Visit()
        let ref = ExecutionID.make()
        let stream = Stream(visit)
        let head = try await stream.begin(visit)
        #expect(head.hasPrefix("HTTP/1.1 200") && head.contains("content-type: text/event-stream\r\n"))
        #expect(head.contains("cache-control: no-store") && !head.contains("content-length"))
        try visit.server.happen("execution.started", in: visit.tenant.id, about: ref, count: 3)
        for seq in 1...3 {
            let event = try await stream.next()
            #expect(event["id"] == "\(seq)" && event["event"] == "execution.started")
            let data = try JSONValue(parsing: Array((event["data"] ?? "").utf8))
            #expect(data["seq"]?.int == seq && data["ref"]?.string == ref.description && data["payload"]?["n"]?.int == seq)
        }
        await stream.drop()
        // The field counts more than the address, which a browser keeps when it comes back.
        for (query, headers, first) in [
            ("?last_seq=1", "", "2"), ("", "last-event-id: 2\r\n", "3"), ("?last_seq=0", "last-event-id: 1\r\n", "2"),
            ("?last_seq=0&filter[type]=execution.*&filter[ref]=\(ref)", "", "1"),
        ] {
            let again = Stream(visit)
            _ = try await again.begin(visit, query, headers: headers)
            #expect(try await again.next()["id"] == first, "\(query) \(headers)")
            await again.drop()
        }
        for (query, headers) in [
            ("?last_seq=9", ""), ("?last_seq=x", ""), ("?filter[type]=*.x", ""), ("", "last-event-id: x\r\n"),
        ] {
            let refused = Stream(visit)
            #expect(try await refused.begin(visit, query, headers: headers).hasPrefix("HTTP/1.1 422"), "\(query)")
            await refused.drop()
        }
    }

    @Test func `who comes back to less than there was is told so, also when nothing is left`() async throws {
        let visit = try await Visit()
        let socket = try await visit.server.watch(key: visit.tenant.key)
        try visit.server.happen("execution.started", in: visit.tenant.id, count: 5)
        try await socket.say(["type": "subscribe", "last_seq": 0])
        for _ in 0..<5 { _ = try await socket.next("event") }
        for (kept, place, isWhole) in [(3, 1, false), (3, 2, true), (6, 1, false), (6, 4, false), (6, 5, true)] {
            try visit.server.rows("DELETE FROM events WHERE tenant_id = $1 AND seq < $2::bigint", visit.tenant.id.uuid, kept)
            try await socket.say(["type": "subscribe", "id": .string("\(kept) \(place)"), "last_seq": .integer(place)])
            let said = try await socket.next("subscribed")
            #expect(said["whole"] == .bool(isWhole), "\(place) of \(kept)")
        }
        let stream = Stream(visit)
        _ = try await stream.begin(visit, "?last_seq=1")
        let gap = try await stream.next()
        #expect(gap == ["event": "gap", "data": #"{"after":1}"#])
        try visit.server.happen("execution.started", in: visit.tenant.id)
        #expect(try await stream.next()["id"] == "6")
        await stream.drop()
        let present = Stream(visit)
        _ = try await present.begin(visit, "?last_seq=5")
        #expect(try await present.next()["id"] == "6")
        await present.drop()
        await socket.drop()
    }

    @Test func `a stream ends with the credential of its reader`() async throws {
        let visit = try await Visit()
        let made = try await visit.call(201, "POST", "/v1/keys", ["name": "k"]).json
        let stream = Stream(visit)
        let secret = try #require(made["secret"]?.string)
        #expect(try await stream.begin(visit, key: secret).hasPrefix("HTTP/1.1 200"))
        try await visit.call(200, "DELETE", "/v1/keys/\(try #require(made["key"]?["id"]?.string))")
        #expect(try await stream.ends())
    }

    @Test func `a list is read in pages, by type, by what it is about, and from a number on`() async throws {
        let visit = try await Visit()
        let ref = ExecutionID.make()
        try visit.server.happen("execution.started", in: visit.tenant.id, about: ref, count: 5)
        try visit.server.happen("step.failed", in: visit.tenant.id, count: 5)
        let socket = try await visit.server.watch(key: visit.tenant.key)
        try await socket.say(["type": "subscribe", "last_seq": 0])
        for _ in 0..<10 { _ = try await socket.next("event") }
        await socket.drop()
        func seqs(_ query: String) async throws -> [Int] {
            try await visit.call(200, "GET", "/v1/events?\(query)").json["data"]?.array?.compactMap { $0["seq"]?.int } ?? []
        }
        #expect(try await seqs("limit=100") == Array((1...10).reversed()))
        #expect(try await seqs("sort=created_at:asc&last_seq=7") == [8, 9, 10])
        #expect(try await seqs("filter[type]=step.*") == [10, 9, 8, 7, 6])
        #expect(try await seqs("filter[type]=step.failed,execution.started&filter[ref]=\(ref)") == [5, 4, 3, 2, 1])
        var (cursor, found) = ("", [Int]())
        repeat {
            let page = try await visit.call(200, "GET", "/v1/events?limit=3\(cursor)").json
            found += page["data"]?.array?.compactMap { $0["seq"]?.int } ?? []
            cursor = page["next_cursor"]?.string.map { "&cursor=\($0)" } ?? ""
        } while !cursor.isEmpty
        #expect(found == Array((1...10).reversed()))
        let page = try await visit.call(200, "GET", "/v1/events?limit=3").json["next_cursor"]?.string ?? ""
        for query in ["limit=3&filter[type]=step.*&cursor=\(page)", "cursor=nonsense"] {
            expectProblem(
                try await visit.call(422, "GET", "/v1/events?\(query)"), 422, "validation_failed", field: "cursor")
        }
        for (query, field) in [("filter[type]=A", "filter[type]"), ("filter[ref]=x", "filter[ref]"), ("last_seq=-1", "last_seq")]
        {
            expectProblem(try await visit.call(422, "GET", "/v1/events?\(query)"), 422, "validation_failed", field: field)
        }
    }
}
