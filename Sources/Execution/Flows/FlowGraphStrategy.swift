// `flow_graph`: the nodes and edges of a flow. A flow is run by it; an agent can have a small flow of its own, of the tools that its blueprint lists.

import Base
import JSON
import Loop

/// Nodes and edges.
struct FlowGraphStrategy: Strategy {
    private let pool: BlockingPool

    /// - Parameter pool: evaluates expressions.
    init(pool: BlockingPool) {
        self.pool = pool
    }

    let name = "flow_graph"
    let summary = "Carries out nodes along their edges: calls, conditions, loops, maps, waits and approvals, branches at once."
    let complexity = "medium"
    let bestFor = ["branches", "approvals", "fan_out"]
    let configuration = FlowDrawing.input

    func problems(_ settings: FlowDrawing, tools: [Blueprint.ToolUse]) -> [Fault.Field] {
        do throws(Fault) {
            return try FlowGraph(settings).calls.filter { call in !tools.contains { $0.name == call.tool } }.map { call in
                Fault.Field(
                    call.place, Problems.Code.reference.rawValue, "The blueprint lists no tool \(call.tool.cut(bytes: 100)).")
            }
        } catch {
            return error.fields
        }
    }

    func calls(_ settings: FlowDrawing, tools: [Blueprint.ToolUse]) -> [PlannedCall] {
        // The blueprint says something of its tools as well.
        (try? FlowGraph(settings))?.calls.map { call in
            var call = call
            call.isWhole = false
            return call
        } ?? []
    }

    func run(_ settings: FlowDrawing, _ plan: RunPlan) async throws(StepFailure) -> JSONValue {
        let graph: FlowGraph
        do throws(Fault) {
            graph = try FlowGraph(settings)
        } catch {
            throw StepFailure(error, .permanent)
        }
        return try await FlowRun(plan: plan, pool: pool).carry(
            graph, FlowRun.Surroundings(input: .object(plan.input), key: ""))
    }
}
