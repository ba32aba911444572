// The bounds of what one tenant, one run and one definition may have, and what a definition says of its runs: places, keys and times.

import Base
import InsulaTesting
import JSON
import Loop
import Postgres
import Tenancy
import Testing

@testable import Execution

@Suite struct BoundTests {
    private func refused(_ code: Fault.Code, _ body: () async throws -> Void) async -> Fault? {
        let fault = await #expect(throws: Fault.self) { try await body() }
        #expect(fault?.code == code)
        return fault
    }

    private func count(_ shop: Workshop) async throws {
        try await shop.database.worker.execute(
            CensusStatement.count, Plan.allCases.map(\.rawValue), Plan.allCases.map(\.quotas.liveExecutions))
    }

    @Test func `who has as many executions as the plan holds gets no more until some have ended`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            try shop.force(#"UPDATE tenants SET quotas = '{"live_executions": 2}'"#)
            let other = try Workshop.makeTenant(in: shop.url)
            let agent = try await shop.agent("ping")
            let ids = [try await shop.trigger(agent), try await shop.trigger(agent)]
            _ = try await shop.executions.cancel(ids[0], try shop.permit())
            try await count(shop)
            let third = try await shop.trigger(agent)
            try await count(shop)
            let fault = await refused(.limitReached) { _ = try await shop.trigger(agent) }
            #expect(fault?.message.contains("live_executions") == true)
            _ = await refused(.limitReached) { _ = try await shop.executions.replay(ids[0], try shop.permit()) }
            let automations = Automations(
                database: shop.database, registry: shop.registry, schedules: Schedules(database: shop.database),
                signal: shop.signal)
            let automation = try await automations.create(sample("ping"), try shop.permit())
            _ = await refused(.limitReached) { _ = try await automations.run(automation.id, RunDefinition(), try shop.permit()) }
            let claim = try await shop.claim()
            let store = shop.store(claim)
            _ = try await store.begin()
            let started = try await store.startChild(.make(), of: .agent(agent.id), input: .emptyObject)
            #expect(!started.isThere && started.isFull)
            // Another tenant is not concerned, and what ends makes room.
            #expect(try shop.force("SELECT tenant_id FROM queue_shares WHERE is_full") == [[shop.tenant.uuid.description]])
            #expect(try shop.force("SELECT count(*) FROM tenants WHERE tenant_id = $1", [other.uuid.description]) == [["1"]])
            for id in [ids[1], third] { _ = try? await shop.executions.cancel(id, try shop.permit()) }
            try await count(shop)
            _ = try await shop.trigger(agent)
        }
    }

    @Test func `a schedule of who has that many skips its fires`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let agent = try await shop.agent("ping")
            let schedules = Schedules(database: shop.database)
            let id = try await shop.schedule(agent)
            try shop.force("INSERT INTO queue_shares (tenant_id, served, is_full) SELECT tenant_id, 0, true FROM tenants")
            try shop.force(
                """
                UPDATE schedules SET anchor_at = now() - interval '3601 seconds', next_fire_at = now() - interval '1 second',
                    due_at = now() - interval '1 second'
                """)
            _ = try await Scheduler(database: shop.database, loop: shop.group.loops[0], signal: shop.signal).round()
            let fires = try await schedules.fires(of: id, try shop.permit()).fires
            #expect(fires.map(\.outcome) == [.skipped] && fires.map(\.reason) == [.notReady])
        }
    }

    @Test func `one run sets off so many others and no more, over all levels and however many start them at once`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let agent = try await shop.agent("ping")
            let id = try await shop.trigger(agent)
            let store = shop.store(try await shop.claim())
            _ = try await store.begin()
            let child = ExecutionID.make()
            for _ in 0..<2 { _ = try await store.startChild(child, of: .agent(agent.id), input: .emptyObject) }
            func count() throws -> [[String?]] {
                try shop.force("SELECT root_id, descendants FROM execution_trees")
            }
            // The same child is counted once.
            #expect(try count() == [[id.uuid.description, "1"]])
            let inner = shop.store(try await shop.claim())
            _ = try await inner.begin()
            #expect(inner.execution == child)
            try shop.force("UPDATE execution_trees SET descendants = $1", ["\(EnqueueClause.descendantLimit - 3)"])
            // Parents of two levels start children of one tree at once.
            let made = await withTaskGroup(of: StartedChild?.self) { group in
                for number in 0..<8 {
                    let parent = number % 2 == 0 ? store : inner
                    group.addTask(executorPreference: shop.group.loops[0]) {
                        try? await parent.startChild(.make(), of: .agent(agent.id), input: .emptyObject)
                    }
                }
                return await group.reduce(into: [StartedChild?]()) { $0.append($1) }
            }
            #expect(made.count { $0?.isThere == true && $0?.isTreeFull == false } == 3)
            #expect(made.count { $0?.isThere == false && $0?.isTreeFull == true } == 5)
            #expect(try count() == [[id.uuid.description, "\(EnqueueClause.descendantLimit)"]])
        }
    }

    @Test func `a flow has so many bytes and no more, its nodes together`() async throws {
        let text = JSONValue.string(String(repeating: "a", count: FlowGraph.bytes / 4))
        func body(_ count: Int) throws(Fault) -> FlowBody {
            let nodes = (0..<count).map {
                ["id": .string("n\($0)"), "type": "input", "config": ["schema": ["title": text]]] as JSONValue
            }
            let drawing = try FlowDrawing.input.decode((["nodes": .array(nodes)] as JSONValue).bytes)
            return FlowBody(drawing, metadata: JSONObject(), limits: .standard)
        }
        let registry = ToolRegistry(tools: [], strategies: [])
        func fields(_ count: Int) throws -> [String] {
            do throws(Fault) {
                _ = try body(count).check(against: registry)
                return []
            } catch {
                return error.fields.map { "\($0.path) \($0.code)" }
            }
        }
        #expect(try !fields(3).contains("nodes limit"))
        #expect(try fields(4) == ["nodes limit"])
    }

    private func sample(_ tool: String) throws -> CreateAutomation {
        try CreateAutomation.input.decode(
            (["name": "A", "steps": [["tool": .string(tool)]]] as JSONValue).bytes)
    }

    @Test func `a definition has so many versions and no more, and still takes another name`() async throws {
        try await Workshop.run([PingTool()]) { shop in
            let agent = try await shop.agent("ping")
            let automations = Automations(
                database: shop.database, registry: shop.registry, schedules: Schedules(database: shop.database),
                signal: shop.signal)
            let automation = try await automations.create(sample("ping"), try shop.permit())
            let most = "\(DefinitionQuota.versionLimit)"
            try shop.force(
                """
                INSERT INTO definition_versions (tenant_id, definition_id, version, body)
                SELECT tenant_id, definition_id, number, body FROM definition_versions, generate_series(2, $1::int) number
                """, [most])
            try shop.force("UPDATE definitions SET version = $1::int", [most])
            let blueprint = Blueprint(tools: [.init(name: "ping")], strategy: .init(name: "reactive"))
            let fault = await refused(.limitReached) {
                _ = try await shop.agents.update(agent.id, UpdateAgent(blueprint: blueprint), try shop.permit())
            }
            #expect(fault?.fields.map(\.path) == ["blueprint"])
            #expect(try await shop.agents.update(agent.id, UpdateAgent(name: "New"), try shop.permit()).name == "New")
            let change = try UpdateAutomation.input.decode(Array(#"{"steps": [{"tool": "ping"}]}"#.utf8))
            _ = await refused(.limitReached) { _ = try await automations.update(automation.id, change, try shop.permit()) }
            let name = try UpdateAutomation.input.decode(Array(#"{"name": "New"}"#.utf8))
            #expect(try await automations.update(automation.id, name, try shop.permit()).name == "New")
            // As the housekeeper does.
            try shop.force("DELETE FROM definition_versions WHERE version BETWEEN 2 AND 900")
            let edited = try await shop.agents.update(agent.id, UpdateAgent(blueprint: blueprint), try shop.permit())
            #expect(edited.version == DefinitionQuota.versionLimit + 1)
            _ = try await automations.update(automation.id, change, try shop.permit())
        }
    }

    @Test func `what is taken up again after somebody resolved it stands in its lane, under its limits`() async throws {
        let tool = ScriptedTool(effect: .unsafe)
        try await Workshop.run([tool]) { shop in
            var limits = Blueprint.RunLimits(timeoutSeconds: 300, maxAttempts: 3, maxConcurrent: 4)
            limits.maxConcurrentPerKey = 2
            let agent = try await shop.agent("scripted", limits: limits)
            let id = try await shop.executions.trigger(agent.id, TriggerAgent(concurrencyKey: "key"), try shop.permit()).summary
                .id
            let columns = "SELECT lane, lane_limit, definition_limit FROM execution_queue"
            let before = try shop.force(columns)
            #expect(before[0].dropFirst() == ["2", "4"])
            let store = shop.store(try await shop.claim())
            _ = try await store.begin()
            let log = RunLog(epoch: 1)
            try await store.begin(try shop.step(tool), log)
            #expect(
                try await store.end(RunEnding(state: .indeterminate, errorClass: .outcomeUnknown), log) == .indeterminate)
            _ = try await shop.executions.resolve(id, ResolveExecution(.retry), try shop.permit())
            #expect(try shop.force(columns) == before)
        }
    }

    @Test func `limits of time are those of the run, and one that does not begin in time says so`() async throws {
        try await Workshop.run([ScriptedTool()]) { shop in
            var limits = Blueprint.RunLimits(timeoutSeconds: 300, maxAttempts: 3)
            limits.queueTimeoutSeconds = 60
            limits.idleTimeoutSeconds = 7
            limits.totalTimeoutSeconds = 600
            #expect(try Blueprint.RunLimits.input.decode(limits.value.bytes) == limits)
            let id = try await shop.trigger(try await shop.agent("scripted", limits: limits))
            let times = try shop.force(
                """
                SELECT round(extract(epoch FROM q.starts_by - e.created_at)), round(extract(epoch FROM e.deadline_at - e.created_at)),
                    e.idle_timeout_milliseconds
                FROM executions e JOIN execution_queue q ON q.execution_id = e.id
                """)
            #expect(times == [["60", "600", "7000"]])
            try shop.force("UPDATE execution_queue SET starts_by = now(), ready_at = 'infinity'")
            try await shop.working {
                let ended = try await shop.ended(id)
                #expect(ended.summary.state == .timedOut && ended.summary.errorClass == .queueTimeout)
                let error = try JSONValue(parsing: try #require(ended.error).bytes)
                #expect(error["message"] == "No worker took the execution up in the time it had.")
            }
        }
    }

    @Test func `an attempt that says nothing for too long fails`() async throws {
        let tool = ScriptedTool { number, _ throws(StepFailure) in number == 1 ? try await untilCancelled() : "done" }
        try await Workshop.run([tool]) { shop in
            var limits = Blueprint.RunLimits(timeoutSeconds: 300, maxAttempts: 1)
            limits.idleTimeoutSeconds = 1
            let id = try await shop.trigger(try await shop.agent("scripted", limits: limits))
            try await shop.working {
                let ended = try await shop.ended(id)
                #expect(ended.summary.state == .failed && ended.summary.errorClass == .timeout)
            }
        }
    }

    @Test func `what may not be triggered is not run again either`() async throws {
        try await Workshop.run([ScriptedTool()]) { shop in
            let agent = try await shop.agent("scripted")
            let id = try await shop.trigger(agent)
            _ = try await shop.executions.cancel(id, try shop.permit())
            _ = try await shop.agents.pause(agent.id, try shop.permit())
            let fault = await refused(.invalidState) { _ = try await shop.executions.replay(id, try shop.permit()) }
            #expect(fault?.message.contains("an agent that is paused") == true)
            let many = ManyExecutions(ExecutionFilter(of: .agent(agent.id)))
            #expect(try await shop.executions.replay(many, try shop.permit()).ids.isEmpty)
            _ = try await shop.agents.start(agent.id, try shop.permit())
            #expect(try await shop.executions.replay(many, try shop.permit()).ids.count == 1)
        }
    }

    @Test func `two who run many again at once make one of each`() async throws {
        try await Workshop.run(loops: 2, [ScriptedTool()]) { shop in
            let agent = try await shop.agent("scripted")
            for _ in 0..<60 { _ = try await shop.trigger(agent) }
            let many = ManyExecutions(ExecutionFilter(of: .agent(agent.id), states: [.cancelled]))
            _ = try await shop.executions.cancel(ManyExecutions(ExecutionFilter(of: .agent(agent.id))), try shop.permit())
            let permit: Permit<ExecutionsWrite> = try shop.permit()
            let both = shop.group.loops.map { loop in
                Task(executorPreference: loop) { try await shop.executions.replay(many, permit).ids }
            }
            var made: [ExecutionID] = []
            for one in both { made += try await one.value }
            #expect(made.count == 60)
            #expect(
                try shop.force("SELECT count(DISTINCT origin_id), count(*) FROM executions WHERE origin_id IS NOT NULL") == [
                    ["60", "60"]
                ])
        }
    }

    @Test func `changes of schedules are told, refused for triggers of an automation and for what will never run again`()
        async throws
    {
        try await Workshop.run([PingTool()]) { shop in
            let schedules = Schedules(database: shop.database)
            let agent = try await shop.agent("ping")
            let id = try await schedules.create(
                CreateSchedule(name: "S", definition: .agent(agent.id), trigger: .interval(seconds: 60)), try shop.permit()
            ).id
            _ = try await schedules.pause(id, try shop.permit())
            _ = try await schedules.resume(id, try shop.permit())
            _ = try await schedules.update(id, UpdateSchedule(name: "T"), try shop.permit())
            _ = try await shop.agents.stop(agent.id, try shop.permit())
            _ = await refused(.invalidState) {
                _ = try await schedules.update(id, UpdateSchedule(trigger: .interval(seconds: 30)), try shop.permit())
            }
            #expect(try await schedules.update(id, UpdateSchedule(name: "U"), try shop.permit()).state == .ended)
            try await schedules.delete(id, try shop.permit())
            let told = try shop.force(
                "SELECT type FROM event_outbox WHERE type LIKE 'schedule.%' AND ref = $1 ORDER BY id", [id.uuid.description])
            #expect(
                told.map { $0[0] }
                    == ["created", "paused", "resumed", "updated", "ended", "updated", "deleted"].map { "schedule.\($0)" })

            let automations = Automations(
                database: shop.database, registry: shop.registry, schedules: schedules, signal: shop.signal)
            let body =
                #"{"name": "A", "triggers": [{"trigger": {"type": "interval", "every_seconds": 60}}], "steps": [{"tool": "ping"}]}"#
            let automation = try await automations.create(try CreateAutomation.input.decode(Array(body.utf8)), try shop.permit())
            let trigger = try #require(try await schedules.list(of: .automation(automation.id), try shop.permit()).elements.first)
                .id
            for act: () async throws -> Void in [
                { _ = try await schedules.update(trigger, UpdateSchedule(trigger: .interval(seconds: 30)), try shop.permit()) },
                { try await schedules.delete(trigger, try shop.permit()) },
            ] {
                let fault = await refused(.invalidState, act)
                #expect(fault?.message.contains(automation.id.description) == true)
            }
        }
    }

    @Test func `who has as many definitions as the plan holds gets no more, however many are made at once`() async throws {
        try await Workshop.run(loops: 2, [PingTool()]) { shop in
            let automations = Automations(
                database: shop.database, registry: shop.registry, schedules: Schedules(database: shop.database),
                signal: shop.signal)
            let first = try await shop.idleAgent()
            let pinging = CreateAgent(
                name: "A",
                blueprint: Blueprint(
                    tools: [Blueprint.ToolUse(name: "ping")], strategy: Blueprint.StrategyUse(name: "reactive")))
            let most = Plan.free.quotas.definitions
            try shop.force(
                """
                INSERT INTO definitions (tenant_id, id, kind, name, description, state, version)
                SELECT tenant_id, gen_random_uuid(), kinds.kind, 'n', '', 'active', 1
                FROM tenants, generate_series(1, $1::int / 2) n, (VALUES ('task'), ('flow')) kinds (kind)
                """, ["\(most - 4)"])
            // Three more fit.
            let made = await withTaskGroup(of: Int.self) { group in
                for index in 0..<8 {
                    group.addTask(executorPreference: shop.group.loops[index % 2]) {
                        do {
                            if index < 4 {
                                _ = try await automations.create(sample("ping"), try shop.permit(plan: .free))
                            } else {
                                _ = try await shop.agents.create(pinging, try shop.permit(plan: .free))
                            }
                            return 1
                        } catch {
                            #expect((error as? Fault)?.code == .limitReached)
                            return 0
                        }
                    }
                }
                return await group.reduce(0, +)
            }
            #expect(made == 3)
            #expect(try shop.force("SELECT count(*) FROM definitions") == [["\(most)"]])
            let fault = await refused(.limitReached) {
                _ = try await automations.create(sample("ping"), try shop.permit(plan: .free))
            }
            #expect(fault?.message.contains("\(most)") == true && fault?.message.contains("(definitions)") == true)
            // Another plan holds more, and what is deleted makes room.
            let developers = try await shop.agents.create(pinging, try shop.permit(plan: .developer))
            try await shop.agents.delete(first, try shop.permit())
            _ = await refused(.limitReached) {
                _ = try await shop.agents.create(pinging, try shop.permit(plan: .free))
            }
            try await shop.agents.delete(developers.id, try shop.permit())
            _ = try await shop.agents.create(pinging, try shop.permit(plan: .free))
        }
    }
}
