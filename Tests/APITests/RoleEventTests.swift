// What happens to agents and executions comes to those who watch, whichever node did it: one that serves and one that works.

import Base
import InsulaTesting
import JSON
import Testing

@Suite struct RoleEventTests {
    /// The types of what a socket is told, up to one that ends it.
    private static func types(_ socket: TestWebSocket, through last: String) async throws -> [String] {
        var types: [String] = []
        while types.last != last {
            types.append(try #require(try await socket.next("event")["event"]?["type"]?.string))
        }
        return types
    }

    @Test func `a node that serves tells what a node that works has done`() async throws {
        let database = try await TestDatabase.make()
        try await TestServer.run(on: database, ["INSULA_ROLE": "api"]) { serving in
            try await TestServer.run(on: database, ["INSULA_ROLE": "worker"]) { working in
                let visit = try await Visit(serving)
                let socket = try await serving.watch(key: visit.tenant.key)
                _ = try await socket.next("ready")
                try await socket.say(["type": "subscribe"])
                _ = try await socket.next("subscribed")
                let agent = try await visit.runningAgent()
                let made = try await visit.call(202, "POST", "/v1/agents/\(agent)/trigger", ["input": [:]])
                _ = try await visit.ended(try visit.id(of: made))
                try await visit.call(200, "POST", "/v1/agents/\(agent)/pause")
                try await visit.call(200, "PATCH", "/v1/agents/\(agent)", ["name": "Other"])
                try await visit.call(200, "POST", "/v1/agents/\(agent)/stop")
                try await visit.call(204, "DELETE", "/v1/agents/\(agent)")
                #expect(
                    try await RoleEventTests.types(socket, through: "agent.deleted") == [
                        "agent.created", "agent.started", "execution.queued", "execution.started", "step.started",
                        "step.succeeded", "execution.succeeded", "agent.paused", "agent.updated", "agent.stopped",
                        "agent.deleted",
                    ])
                await socket.drop()
                // What only works answers no one but those who ask how it is.
                await #expect(throws: Fault.self) { try await working.watch(key: visit.tenant.key) }
            }
        }
    }

    @Test func `an event names what it is about and how it stands`() async throws {
        let visit = try await Visit()
        let execution = try await visit.execution()
        let socket = try await visit.server.watch(key: visit.tenant.key)
        try await socket.say(["type": "subscribe", "last_seq": 0, "filters": ["refs": [.string(execution)]]])
        var last: JSONValue = .null
        while last["type"] != "execution.succeeded" {
            last = try #require(try await socket.next("event")["event"])
            #expect(last["ref"]?.string == execution)
            if last["type"] == "step.succeeded" {
                #expect(last["payload"] == ["key": "tool[0]", "tool": "ping", "status": "succeeded", "attempt": 1])
            }
        }
        #expect(last["payload"]?["state"] == "succeeded" && last["payload"]?["attempt"] == 1)
        await socket.drop()
    }
}
