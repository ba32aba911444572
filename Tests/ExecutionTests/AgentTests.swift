// Agents against a real database: made, changed, moved through their states, kept apart by tenant.

import Base
import JSON
import Loop
import Postgres
import Tenancy
import Testing

@testable import Execution

@Suite struct AgentTests {
    @Test func `however many start at once, as many run as the plan holds`() async throws {
        try await Workshop.run([]) { shop in
            let permit: Permit<AgentsWrite> = try shop.permit(plan: .free)
            var ids: [AgentID] = []
            for _ in 0..<20 { ids.append(try await shop.idleAgent()) }
            let started = await withTaskGroup(of: Fault.Code?.self) { group in
                for id in ids {
                    group.addTask(executorPreference: shop.group.loops[0]) {
                        do throws(Fault) {
                            _ = try await shop.agents.start(id, permit)
                            return nil
                        } catch {
                            return error.code
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(started.filter { $0 == nil }.count == 5)
            #expect(started.filter { $0 == .limitReached }.count == 15)
            let running = try await shop.agents.list(state: .running, limit: 100, try shop.permit()).elements
            #expect(running.count == 5)
            // A place that comes free can be taken; an agent that was refused is as it was.
            _ = try await shop.agents.pause(running[0].id, permit)
            let waiting = try #require(ids.first { id in !running.contains { $0.id == id } })
            #expect(try await shop.agents.start(waiting, permit).state == .running)
        }
    }

    @Test func `an agent is made, read, changed into a new version, listed and deleted`() async throws {
        try await Workshop.run([ScriptedTool(), PingTool()]) { shop in
            let blueprint = Blueprint(tools: [.init(name: "ping")], strategy: .init(name: "reactive"))
            let made = try await shop.agents.create(
                CreateAgent(name: "One", description: "d", blueprint: blueprint), try shop.permit())
            #expect(made.state == .created)
            #expect(made.version == 1)
            #expect(try Blueprint.input.decode(made.blueprint.bytes) == blueprint)

            let renamed = try await shop.agents.update(made.id, UpdateAgent(name: "Two"), try shop.permit())
            #expect(renamed.name == "Two" && renamed.description == "d" && renamed.version == 1)
            let other = Blueprint(tools: [.init(name: "scripted")], strategy: .init(name: "reactive"))
            let changed = try await shop.agents.update(made.id, UpdateAgent(blueprint: other), try shop.permit())
            #expect(changed.version == 2 && changed.name == "Two")
            let read = try await shop.agents.get(made.id, try shop.permit())
            #expect(try Blueprint.input.decode(read.blueprint.bytes) == other)

            try await shop.agents.delete(made.id, try shop.permit())
            await #expect(throws: Fault.self) { try await shop.agents.get(made.id, try shop.permit()) }
            await #expect(throws: Fault.self) { try await shop.agents.delete(made.id, try shop.permit()) }
        }
    }

    @Test func `a list comes newest first in parts that join without gap or repetition`() async throws {
        try await Workshop.run([ScriptedTool()]) { shop in
            var made: [AgentID] = []
            for _ in 0..<7 { made.append(try await shop.agent("scripted").id) }
            _ = try await shop.agents.pause(made[3], try shop.permit())
            var seen: [AgentID] = []
            var place: AgentID?
            repeat {
                let part = try await shop.agents.list(before: place, limit: 3, try shop.permit())
                seen += part.elements.map(\.id)
                place = part.next
            } while place != nil
            #expect(seen == made.sorted(by: >))
            let paused = try await shop.agents.list(state: .paused, try shop.permit())
            #expect(paused.elements.map(\.id) == [made[3]])
            #expect(paused.next == nil)
        }
    }

    @Test func `a state is only reached from those that allow it`() async throws {
        try await Workshop.run([ScriptedTool()]) { shop in
            let agent = try await shop.agent("scripted")
            func refused(_ body: () async throws -> Agent) async {
                let fault = await #expect(throws: Fault.self) { try await body() }
                #expect(fault?.code == .invalidState)
            }
            await refused { try await shop.agents.start(agent.id, try shop.permit()) }
            #expect(try await shop.agents.pause(agent.id, try shop.permit()).state == .paused)
            await refused { try await shop.agents.pause(agent.id, try shop.permit()) }
            #expect(try await shop.agents.start(agent.id, try shop.permit()).state == .running)
            #expect(try await shop.agents.stop(agent.id, try shop.permit()).state == .stopped)
            await refused { try await shop.agents.start(agent.id, try shop.permit()) }
            await refused { try await shop.agents.stop(agent.id, try shop.permit()) }
            let unknown = await #expect(throws: Fault.self) { try await shop.agents.start(.make(), try shop.permit()) }
            #expect(unknown?.code == .notFound)
        }
    }

    @Test func `only a running agent can be triggered`() async throws {
        try await Workshop.run([ScriptedTool()]) { shop in
            let agent = try await shop.agent("scripted")
            _ = try await shop.agents.pause(agent.id, try shop.permit())
            let paused = await #expect(throws: Fault.self) { try await shop.trigger(agent) }
            #expect(paused?.code == .invalidState)
            _ = try await shop.agents.stop(agent.id, try shop.permit())
            let stopped = await #expect(throws: Fault.self) { try await shop.trigger(agent) }
            #expect(stopped?.code == .invalidState)
            let unknown = await #expect(throws: Fault.self) {
                try await shop.executions.trigger(.make(), TriggerAgent(), try shop.permit())
            }
            #expect(unknown?.code == .notFound)
            #expect(try shop.queueCount() == 0)
        }
    }

    @Test func `a blueprint is refused with every field that is wrong`() async throws {
        try await Workshop.run([PingTool(), ScriptedTool()]) { shop in
            var wrong = JSONObject()
            wrong["message"] = "hi"
            wrong["massage"] = "hi"
            let blueprint = Blueprint(
                tools: [.init(name: "ping"), .init(name: "no_such"), .init(name: "ping", configuration: wrong)],
                strategy: .init(name: "guess"))
            let fault = await #expect(throws: Fault.self) {
                try await shop.agents.create(CreateAgent(name: "x", blueprint: blueprint), try shop.permit())
            }
            #expect(fault?.code == .toolNotAvailable)
            #expect(
                fault?.fields.map(\.path) == [
                    "blueprint.strategy.name", "blueprint.tools[1].name", "blueprint.tools[2].config.massage",
                ])
        }
    }

    @Test func `an input names its own wrong fields before anything is looked up`() throws {
        let text = #"{"name":"","blueprint":{"tools":[{"name":"ping","config":[]}],"strategy":{},"limits":{"max_attempts":99}}}"#
        let fault = #expect(throws: Fault.self) { try CreateAgent.input.decode(Array(text.utf8)) }
        #expect(
            fault?.fields.map(\.path) == [
                "name", "blueprint.tools[0].config", "blueprint.strategy.name", "blueprint.limits.max_attempts",
            ])
        let trigger = #expect(throws: Fault.self) { try TriggerAgent.input.decode(Array(#"{"input":[1]}"#.utf8)) }
        #expect(trigger?.fields.map(\.path) == ["input"])
        #expect(try TriggerAgent.input.decode(Array("{}".utf8)).input == .emptyObject)
    }

    @Test func `another tenant's agents and executions are not there`() async throws {
        try await Workshop.run([ScriptedTool()]) { shop in
            let agent = try await shop.agent("scripted")
            let execution = try await shop.trigger(agent)
            let other = try Workshop.makeTenant(in: shop.url)
            func hidden(_ body: () async throws -> Void) async {
                let fault = await #expect(throws: Fault.self) { try await body() }
                #expect(fault?.code == .notFound)
            }
            await hidden { _ = try await shop.agents.get(agent.id, try shop.permit(of: other)) }
            await hidden { _ = try await shop.agents.update(agent.id, UpdateAgent(name: "x"), try shop.permit(of: other)) }
            await hidden { _ = try await shop.agents.stop(agent.id, try shop.permit(of: other)) }
            await hidden { try await shop.agents.delete(agent.id, try shop.permit(of: other)) }
            await hidden { _ = try await shop.executions.trigger(agent.id, TriggerAgent(), try shop.permit(of: other)) }
            await hidden { _ = try await shop.executions.get(execution, try shop.permit(of: other)) }
            await hidden { _ = try await shop.executions.cancel(execution, try shop.permit(of: other)) }
            await hidden { _ = try await shop.executions.steps(of: execution, try shop.permit(of: other)) }
            await hidden { _ = try await shop.executions.logs(of: execution, try shop.permit(of: other)) }
            #expect(try await shop.agents.list(try shop.permit(of: other)).elements.isEmpty)
            #expect(try await shop.executions.list(try shop.permit(of: other)).elements.isEmpty)
        }
    }

    @Test func `the audit line of a trigger is the one that any other change writes`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let agent = try await shop.agent("ping")
            try shop.force("DELETE FROM audit_log")
            let permit: Permit<ExecutionsWrite> = try shop.permit()
            let id = try await shop.executions.trigger(agent.id, TriggerAgent(input: .emptyObject), permit).summary.id
            _ = try await shop.database.once(.tenant(shop.tenant)).query(
                AuditEntry.insert, permit.audit(.agentTriggered), id.uuid)
            let lines = try shop.force("SELECT (to_jsonb(a) - 'id' - 'at')::text FROM audit_log a")
            #expect(lines.count == 2 && lines[0] == lines[1])
        }
    }
}
