// What an endpoint of events is for.

import Base
import InsulaTesting
import JSON
import Testing

extension Scenario {
    static let events = [
        Scenario("GET", "/v1/events") { visit in
            #expect(try await visit.call(200, "GET", "/v1/events").json["data"] == [])
            let ref = ExecutionID.make()
            try visit.server.happen("execution.queued", in: visit.tenant.id, about: ref)
            let socket = try await visit.server.watch(key: visit.tenant.key)
            try await socket.say(["type": "subscribe", "last_seq": 0])
            let told = try await socket.next("event")["event"]
            await socket.drop()
            let listed = try await visit.call(200, "GET", "/v1/events").json["data"]?[0]
            #expect(listed == told && listed?["seq"] == 1 && listed?["type"] == "execution.queued")
            #expect(listed?["ref"]?.string == ref.description && listed?["payload"]?["n"] == 1)
            #expect(Timestamp(rfc3339: listed?["at"]?.string ?? "") != nil)
        }
    ]
}
