// What a tenant may spend on models in a month, over all runs at once.

import Base
import InsulaTesting
import JSON
import Tenancy
import Testing

@testable import Execution

@Suite struct BudgetTests {
    private static func chat(_ study: Study, attempts: Int = 1) async throws -> Agent {
        let use = Blueprint.ToolUse(name: "llm_chat", configuration: try #require((["max_tokens": 100] as JSONValue).object))
        return try await study.agent([use], "reactive", attempts: attempts)
    }

    private static func budget(_ shop: Workshop, _ microdollars: Int) throws {
        _ = try shop.force(
            "UPDATE tenants SET settings = jsonb_build_object('model_budget_microdollars', $1::bigint)", ["\(microdollars)"])
    }

    @Test func `a month's budget holds over runs that ask at once, and what they cost adds up`() async throws {
        // 100 tokens asked and 80 answered cost 1,500; 1,500 and what the question may take are put aside for the answer's 100.
        try await Study.run([]) { _, _ in
            .says("Yes.", tokens: (100, 80))
        } _: { study in
            let shop = study.shop
            try BudgetTests.budget(shop, 20_000)
            let agent = try await BudgetTests.chat(study)
            var ids: [ExecutionID] = []
            for _ in 0..<24 { ids.append(try await shop.trigger(agent, ["prompt": "Well?"])) }
            var ends: [ExecutionState: Int] = [:]
            var cost = 0
            try await shop.working {
                for id in ids {
                    let ended = try await shop.ended(id)
                    ends[ended.summary.state, default: 0] += 1
                    if ended.summary.state == .failed {
                        #expect(ended.fault?["code"] == "limit_reached", "\(String(describing: ended.fault))")
                    }
                }
            }
            cost = Int(try shop.force("SELECT sum(cost_microdollars) FROM executions")[0][0] ?? "") ?? -1
            let row = try shop.force("SELECT spent, reserved FROM model_spending")[0]
            #expect(row == ["\(cost)", "0"] && cost <= 20_000 && cost > 0)
            #expect(
                ends[.succeeded] == cost / 1_500 && ends[.failed] == 24 - cost / 1_500
                    && study.fake.requests.count == cost / 1_500)
            #expect(try shop.force("SELECT count(*) FROM model_reservations")[0][0] == "0")
        }
    }

    @Test func `a question that may have been answered counts as paid, and is put aside for anew when it is asked again`()
        async throws
    {
        try await Study.run([]) { _, number in
            number == 1 ? .answer(status: 500, body: "{}") : .says("Yes.", tokens: (100, 80))
        } _: { study in
            try BudgetTests.budget(study.shop, 1_000_000)
            let (execution, _) = try await study.outcome(try await BudgetTests.chat(study, attempts: 2))
            #expect(execution.summary.state == .succeeded && study.fake.requests.count == 2)
            let row = try study.shop.force("SELECT spent, reserved FROM model_spending")[0]
            // All that was put aside for the first, of which nobody knows, and what the second did cost.
            let spent = try #require(Int(row[0] ?? ""))
            #expect(spent > 1_500 + 1_500 && row[1] == "0", "\(row)")
        }
    }

    @Test func `a tenant without a budget keeps no account`() async throws {
        try await Study.run([]) { _, _ in
            .says("Yes.", tokens: (100, 80))
        } _: { study in
            let (execution, _) = try await study.outcome(try await BudgetTests.chat(study))
            #expect(execution.summary.state == .succeeded)
            #expect(try study.shop.force("SELECT count(*) FROM model_spending")[0][0] == "0")
            #expect(study.fake.requests[0].body["max_tokens"] == 100)
        }
    }
}
