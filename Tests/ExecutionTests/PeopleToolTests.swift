// Runs that ask people and write to them, and what they are told about their tenant's executions.

import Base
import Crypto
import InsulaTesting
import JSON
import Mail
import Postgres
import Synchronization
import Tenancy
import Testing

@testable import Execution

extension Workshop {
    /// A member of the tenant.
    fileprivate func member(_ role: Role = .member, of other: TenantID? = nil, state: String = "active") throws -> UserID {
        let id = UserID.make()
        try force(
            """
            INSERT INTO users (tenant_id, id, username, email, role, password_hash, state)
            VALUES ($1, $2, $3, $3 || '@example.com', $4, 'x', $5)
            """,
            [(other ?? tenant).uuid.description, id.uuid.description, String(id.description.suffix(20)), role.rawValue, state])
        return id
    }

    /// What a person may do.
    fileprivate func permit<Needed: Permission>(
        _ needed: Needed.Type = Needed.self, as user: UserID, _ role: Role = .member,
        behind impersonator: TenantScope.Impersonator? = nil
    ) throws -> Permit<Needed> {
        try TenantScope(
            tenant: tenant, actor: .user(user, .make()), rights: role.rights, signingKey: Secret("test"),
            impersonator: impersonator
        ).permit(needed)
    }

    fileprivate func agent(_ tool: String, _ configuration: JSONValue, attempts: Int = 1) async throws -> Agent {
        let blueprint = Blueprint(
            tools: [Blueprint.ToolUse(name: tool, configuration: configuration.object ?? JSONObject())],
            strategy: Blueprint.StrategyUse(name: "reactive"),
            limits: Blueprint.RunLimits(timeoutSeconds: 300, maxAttempts: attempts))
        let agent = try await agents.create(CreateAgent(name: "Test", blueprint: blueprint), try permit())
        return try await agents.start(agent.id, try permit())
    }

    fileprivate func outcome(_ agent: Agent, _ input: JSONValue = [:]) async throws -> Execution {
        let id = try await trigger(agent, input)
        var execution = try await get(id)
        try await working { execution = try await ended(id) }
        return execution
    }
}

/// The code of what is refused.
private func code<Value>(_ body: () async throws -> Value) async throws -> Fault.Code {
    do {
        _ = try await body()
    } catch let fault as Fault {
        return fault.code
    }
    throw Fault(.internalError, "it was not refused")
}

@Suite struct PeopleToolTests {
    @Test func `an approval waits for those who are named, and the first answer counts`() async throws {
        try await Workshop.run([HumanApprovalTool()]) { shop in
            let (named, other) = (try shop.member(), try shop.member())
            let admin = try shop.member(.admin)
            let agent = try await shop.agent(
                "human_approval", ["message": "Send it?", "users": [.string("\(named)")], "roles": ["admin"]])
            // Who triggers it can't name himself, nor ask something else.
            let id = try await shop.trigger(
                agent, ["message": "Fine?", "users": [.string("\(other)")], "details": ["letters": 12]])
            try await shop.working {
                _ = try await shop.until(id, .waiting)
                let waiting = try await shop.executions.approvals(try shop.permit())
                let approval = try #require(waiting.elements.first)
                #expect(waiting.elements.count == 1 && approval.execution == id && approval.step == "tool[0]")
                let details = try JSONValue(parsing: try #require(approval.details).bytes)
                #expect(approval.message == "Send it?" && details == ["letters": 12])
                #expect(approval.approvers == Approvers(users: [named], roles: [.builtIn(.admin)]) && approval.deadline == nil)
                let yes = AnswerApproval(isApproved: true, comment: "fine")
                let answer = shop.executions.answer
                #expect(try await code { try await answer(id, yes, try shop.permit()) } == .forbidden, "a key")
                #expect(try await code { try await answer(id, yes, try shop.permit(as: other)) } == .forbidden)
                #expect(
                    try await code { try await answer(id, yes, try shop.permit(as: named, behind: .user(admin))) } == .forbidden)
                #expect(
                    try await code {
                        try await answer(id, AnswerApproval(step: "x", isApproved: true), try shop.permit(as: named))
                    }
                        == .invalidState)
                #expect(try await code { try await answer(.make(), yes, try shop.permit(as: named)) } == .notFound)
                _ = try await answer(id, yes, try shop.permit(as: named))
                #expect(
                    try await code { try await answer(id, AnswerApproval(isApproved: false), try shop.permit(as: admin)) }
                        == .invalidState)
                let ended = try await shop.ended(id)
                #expect(
                    ended.output?["human_approval"] == ["approved": true, "comment": "fine", "by": .string("\(named)")])
                #expect(try await shop.executions.approvals(try shop.permit()).elements.isEmpty)
                let sent = try shop.force("SELECT sender FROM execution_signals")
                #expect(sent == [["\(named)"]])
            }
        }
    }

    @Test func `an approval can't be sent as a common signal, and other tenants see none`() async throws {
        #expect(throws: Fault.self) {
            try ExecutionSignal.input.decode(Array(#"{"name":"approval:tool[0]","payload":{"approved":true}}"#.utf8))
        }
        try await Workshop.run([HumanApprovalTool()]) { shop in
            _ = try shop.member()
            let id = try await shop.trigger(try await shop.agent("human_approval", ["message": "?"]))
            try await shop.working {
                _ = try await shop.until(id, .waiting)
                let stranger = try Workshop.makeTenant(in: shop.url)
                #expect(try await shop.executions.approvals(try shop.permit(of: stranger)).elements.isEmpty)
                _ = try await shop.executions.cancel(id, try shop.permit())
                #expect(try await shop.executions.approvals(try shop.permit()).elements.isEmpty)
            }
        }
    }

    @Test func `an answer finds room among signals, and none of them can take its place`() async throws {
        #expect(throws: Fault.self) {
            try ExecutionSignal.input.decode(Array(#"{"id":"approval:tool[0]#1","name":"x"}"#.utf8))
        }
        try await Workshop.run([HumanApprovalTool()]) { shop in
            let user = try shop.member()
            let id = try await shop.trigger(try await shop.agent("human_approval", ["message": "?"]))
            try await shop.working {
                _ = try await shop.until(id, .waiting)
                for _ in 0..<Executions.signalLimit {
                    _ = try await shop.executions.signal(id, ExecutionSignal(name: "x"), try shop.permit())
                }
                #expect(
                    try await code { try await shop.executions.signal(id, ExecutionSignal(name: "x"), try shop.permit()) }
                        == .limitReached)
                _ = try await shop.executions.answer(id, AnswerApproval(isApproved: true), try shop.permit(as: user))
                let ended = try await shop.ended(id)
                #expect(ended.output?["human_approval"]?["approved"] == true)
            }
        }
    }

    @Test func `who is named may answer though he only reads, and where nobody is it takes the right to change executions`()
        async throws
    {
        try await Workshop.run([HumanApprovalTool()]) { shop in
            let viewer = try shop.member(.viewer)
            _ = try shop.member()
            let named = try await shop.agent("human_approval", ["message": "?", "roles": ["viewer"]])
            let open = try await shop.agent("human_approval", ["message": "?"])
            let (first, second) = (try await shop.trigger(named), try await shop.trigger(open))
            let yes = AnswerApproval(isApproved: true)
            try await shop.working {
                for id in [first, second] { _ = try await shop.until(id, .waiting) }
                _ = try await shop.executions.answer(first, yes, try shop.permit(as: viewer, .viewer))
                let ended = try await shop.ended(first)
                #expect(ended.output?["human_approval"]?["by"] == .string("\(viewer)"))
                #expect(
                    try await code { try await shop.executions.answer(second, yes, try shop.permit(as: viewer, .viewer)) }
                        == .forbidden)
                #expect(try await shop.executions.approvals(try shop.permit()).elements.map(\.execution) == [second])
            }
        }
    }

    @Test func `an approval that nobody could give fails at once, by the field that names nobody`() async throws {
        try await Workshop.run([HumanApprovalTool()]) { shop in
            let role = RoleID.make()
            try shop.force(
                "INSERT INTO roles (tenant_id, id, name, scopes) VALUES ($1, $2, 'Blind', '{agents:read}')",
                ["\(shop.tenant.uuid)", "\(role.uuid)"])
            let blind = try shop.member()
            try shop.force(
                "UPDATE users SET role = NULL, role_id = $1 WHERE id = $2", ["\(role.uuid)", "\(blind.uuid)"])
            let viewer = try shop.member(.viewer)
            let disabled = try shop.member(state: "disabled")
            let stranger = try shop.member(of: try Workshop.makeTenant(in: shop.url))
            func fault(_ approvers: [String: JSONValue]) async throws -> JSONValue? {
                var configuration = JSONObject()
                configuration["message"] = "?"
                configuration["deadline_seconds"] = 86_400
                for (name, value) in approvers { configuration[name] = value }
                return try await shop.outcome(try await shop.agent("human_approval", .object(configuration), attempts: 3)).fault
            }
            func users(_ ids: UserID...) -> JSONValue { .array(ids.map { .string("\($0)") }) }
            let cases: [([String: JSONValue], String)] = [
                (["users": users(.make(), disabled, stranger, blind)], "users"), (["roles": ["admin"]], "roles"),
                (["roles": [.string("\(role)"), .string("\(RoleID.make())")]], "roles"),
                (["users": users(disabled), "roles": ["owner"]], "users"),
                // A viewer may not where nobody is named.
                ([:], "roles"),
            ]
            for (approvers, field) in cases {
                let told = try await fault(approvers)
                #expect(told?["code"] == "validation_failed", "\(approvers) \(String(describing: told))")
                #expect(told?["errors"]?[0]?["field"]?.string?.hasSuffix(".\(field)") == true, "\(String(describing: told))")
                #expect(told?["errors"]?[0]?["code"] == "reference")
            }
            // One of those who are named is enough.
            let id = try await shop.trigger(
                try await shop.agent("human_approval", ["message": "?", "users": users(disabled, viewer)]))
            try await shop.working { _ = try await shop.until(id, .waiting) }
        }
    }

    @Test func `without an answer in time it fails, or takes the silence for what it was told`() async throws {
        for (silence, approved) in [("fail", nil), ("reject", false), ("approve", true)] as [(String, Bool?)] {
            try await Workshop.run([HumanApprovalTool()]) { shop in
                _ = try shop.member()
                let agent = try await shop.agent(
                    "human_approval", ["message": "?", "deadline_seconds": 1, "at_deadline": .string(silence)])
                let ended = try await shop.outcome(agent)
                if let approved {
                    #expect(
                        ended.output?["human_approval"] == ["approved": .bool(approved), "comment": "", "by": .null], "\(silence)"
                    )
                } else {
                    #expect(ended.summary.state == .failed && ended.fault?["code"] == "timed_out")
                }
            }
        }
    }

    @Test func `a message goes to members alone, once and within bounds`() async throws {
        let tool = NotifyTool(outbox: MailOutbox(sealing: RootKey.generate().sealingKey("mail outbox")))
        try await Workshop.run([tool]) { shop in
            let (one, two, another) = (try shop.member(), try shop.member(.admin), try shop.member())
            _ = try shop.member(.admin, state: "disabled")
            let stranger = try shop.member(of: try Workshop.makeTenant(in: shop.url))
            func mails() throws -> String? { try shop.force("SELECT count(*) FROM mail_outbox")[0][0] }
            let agent = try await shop.agent("notify", ["users": [.string("\(one)")], "roles": ["admin"], "subject": "Done"])
            // Who triggers it says what is left open, and neither to whom nor under which subject.
            let sent = try await shop.outcome(
                agent, ["text": "All was read.", "users": [.string("\(another)")], "roles": ["member"], "subject": "Mine"])
            let recipients = sent.output?["notify"]?["recipients"]?.array?.compactMap(\.string)
            #expect(Set(recipients ?? []) == ["\(one)", "\(two)"], "\(String(describing: sent.fault))")
            #expect(try mails() == "2")
            let told = try shop.force(
                "SELECT payload ->> 'recipients', payload ->> 'subject' FROM event_outbox WHERE type = 'notification.created'")
            #expect(told == [["2", "Done"]])

            let astray = try await shop.agent("notify", ["users": [.string("\(stranger)")], "subject": "Done"])
            let refused = try await shop.outcome(astray, ["text": "x"])
            #expect(refused.summary.state == .failed && refused.fault?["code"] == "validation_failed")
            try shop.force(
                """
                INSERT INTO notifications (tenant_id, id, execution_id, step_key, subject, recipients)
                SELECT $1, gen_random_uuid(), gen_random_uuid(), 's', 's', array_fill('u'::text, ARRAY[50])
                FROM generate_series(1, \(NotifyTool.hourlyLimit / 50))
                """, [shop.tenant.uuid.description])
            let late = try await shop.outcome(agent, ["text": "x"])
            #expect(late.fault?["code"] == "limit_reached")
            #expect(try mails() == "2")
        }
    }

    @Test func `a report counts the tenant's own executions, and says why they failed`() async throws {
        let fails = ScriptedTool("fails") { _, context throws(StepFailure) in
            context.spend(tokens: 5, microdollars: 20)
            throw StepFailure(Fault(.outboundRefused, "closed on Sundays"), .permanent)
        }
        try await Workshop.run { _, _ in
            [fails, ScriptedTool()]
        } _: { shop in
            let (good, bad) = (try await shop.agent("scripted"), try await shop.agent("fails"))
            for agent in [good, good, bad] { _ = try await shop.outcome(agent) }
            let stranger = try Workshop.makeTenant(in: shop.url)
            func report(_ tenant: TenantID) async throws -> JSONValue {
                let tool = InsightsTool(database: shop.database)
                let context = ToolContext(
                    tenant: tenant, execution: .make(), stepKey: "tool[0]",
                    deadline: Instant.now.advanced(milliseconds: 30_000), log: RunLog(epoch: 1))
                return try await tool.call(InsightsTool.Arguments(hours: 1), in: context)
            }
            let mine = try await report(shop.tenant)
            #expect(mine["total"] == 3 && mine["by_state"] == ["failed": 1, "succeeded": 2] && mine["is_complete"] == true)
            let failure = mine["failures"]?[0]
            #expect(failure?["code"] == "outbound_refused" && failure?["count"] == 1)
            #expect(failure?["examples"]?[0]?["message"]?.string?.contains("closed on Sundays") == true)
            #expect(ExecutionID(failure?["examples"]?[0]?["execution_id"]?.string ?? "") != nil)
            #expect(mine["tokens"] == 5 && mine["cost_microdollars"] == 20 && mine["duration"]?["count"] == 2)
            #expect(mine["definitions"]?[0]?["id"] == .string("\(good.id)") && mine["definitions"]?[0]?["succeeded"] == 2)
            let theirs = try await report(stranger)
            #expect(theirs["total"] == 0 && theirs["success_rate"] == .null && theirs["failures"] == [])
            #expect(theirs["duration"]?["p50"] == .null && theirs["definitions"] == [])
        }
    }

    @Test func `an agent without a blueprint reports, and says it in words where there is a model`() async throws {
        try await Workshop.run([ScriptedTool("insights"), LLMChatTool(provider: nil)]) { shop in
            let agent = try await shop.agents.create(CreateAgent(name: "A", blueprint: nil), try shop.permit())
            let tools = try JSONValue(parsing: agent.blueprint.bytes)["tools"]?.array
            #expect(tools?.compactMap { $0["name"]?.string } == ["insights"])
        }
        try await Study.run([ScriptedTool("insights") { _, _ in ["total": 3] }]) { _, _ in
            .says("All is well.")
        } _: { study in
            let made = try await study.shop.agents.create(
                CreateAgent(name: "A", blueprint: nil, role: "You are terse."), try study.shop.permit())
            let (execution, _) = try await study.outcome(try await study.shop.agents.start(made.id, try study.shop.permit()), [:])
            #expect(execution.output?["llm_chat"]?["content"] == "All is well.", "\(String(describing: execution.fault))")
            let asked = try #require(study.fake.requests.first?.body["messages"]?.array)
            #expect(asked.first?["content"] == "You are terse.")
            #expect(asked.last?["content"]?.string?.contains(#"{"total":3}"#) == true)
        }
    }

    @Test func `no more executions of a definition run at once than its blueprint says`() async throws {
        let running = Mutex((now: 0, most: 0))
        let tool = ScriptedTool { _, _ throws(StepFailure) in
            running.withLock { state in
                state.now += 1
                state.most = max(state.most, state.now)
            }
            for _ in 0..<20 { await Task.yield() }
            running.withLock { $0.now -= 1 }
            return .null
        }
        try await Workshop.run([tool]) { shop in
            let agent = try await shop.agent(
                "scripted", limits: Blueprint.RunLimits(timeoutSeconds: 300, maxAttempts: 1, maxConcurrent: 1))
            var ids: [ExecutionID] = []
            for _ in 0..<4 { ids.append(try await shop.trigger(agent)) }
            try await shop.working {
                for id in ids {
                    let ended = try await shop.ended(id)
                    #expect(ended.summary.state == .succeeded)
                }
            }
            #expect(running.withLock { $0.most } == 1)
            #expect(try await shop.claims(4, as: .make()).isEmpty)
        }
    }
}
