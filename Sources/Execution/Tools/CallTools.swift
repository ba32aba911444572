// `call_agent` and `call_flow`: run another definition of the tenant as a child, and wait for what it comes to unless told not to. The waiting
// holds no worker; a cancel reaches the child; children of children end at `EnqueueClause.depthLimit`.

import Base
import JSON
import Tenancy

/// What both say of a call.
private enum ChildCall {
    static func declare(_ fields: inout Fields) -> (input: JSONRaw, waits: Bool) {
        (
            fields.defaulted("input", .runInput, .emptyObject, "What the child is run with."),
            fields.defaulted(
                "wait", .boolean, true, "Whether to wait for its end; if not, it is cancelled with this run, but not waited for.")
        )
    }

    static let output = SchemaNode(
        .object([
            SchemaNode.Property("execution_id", SchemaNode(.string(length: nil), "The child.")),
            SchemaNode.Property("output", SchemaNode(.any, "What it came to, if it was waited for."), isRequired: false),
        ]))
}

/// Runs an agent.
struct CallAgentTool: Tool {
    struct Arguments: Sendable {
        let agent: AgentID?
        let input: JSONRaw
        let waits: Bool
    }

    let name = "call_agent"
    let version = "1.0.0"
    let summary = "Runs another agent and waits for what it comes to."
    let category = "control"
    let effect = Effect.idempotent
    let rights = Rights([.executionsWrite])
    let configuration = CallAgentTool.declaration("CallAgentConfiguration", isCall: false)
    let arguments = CallAgentTool.declaration("CallAgentArguments", isCall: true)
    var output: SchemaNode { ChildCall.output }
    let examples = [
        ToolExample(
            "Have an agent look at a page, with the id of one of yours",
            configuration: ["agent_id": .string(AgentID(UUIDBits(high: 0, low: 0)).description)],
            input: ["input": ["url": "https://example.com/"]])
    ]

    private static func declaration(_ name: String, isCall: Bool) -> Input<Arguments> {
        Input<Arguments>(name, "Which agent, and with what.") { fields in
            let summary: StaticString = "The agent, which has to be running."
            let agent =
                isCall
                ? fields.required("agent_id", .id(AgentID.self), summary)
                : fields.optional("agent_id", .id(AgentID.self), summary)
            let (input, waits) = ChildCall.declare(&fields)
            return Arguments(agent: agent, input: input, waits: waits)
        }
    }

    func references(_ input: JSONObject) -> [(field: String, definition: DefinitionReference)] {
        input["agent_id"]?.string.flatMap { AgentID($0) }.map { [("agent_id", .agent($0))] } ?? []
    }

    func call(_ arguments: Arguments, in context: ToolContext) async throws(StepFailure) -> JSONValue {
        guard let agent = arguments.agent else { throw .missing("agent_id") }
        return try await context.call(.agent(agent), input: arguments.input, waits: arguments.waits)
    }
}

/// Runs a flow.
struct CallFlowTool: Tool {
    struct Arguments: Sendable {
        let flow: FlowID?
        let input: JSONRaw
        let waits: Bool
    }

    let name = "call_flow"
    let version = "1.0.0"
    let summary = "Runs another flow and waits for what it comes to."
    let category = "control"
    let effect = Effect.idempotent
    let rights = Rights([.executionsWrite])
    let configuration = CallFlowTool.declaration("CallFlowConfiguration", isCall: false)
    let arguments = CallFlowTool.declaration("CallFlowArguments", isCall: true)
    var output: SchemaNode { ChildCall.output }
    let examples = [
        ToolExample(
            "Begin a flow and go on without it, with the id of one of yours",
            configuration: ["flow_id": .string(FlowID(UUIDBits(high: 0, low: 0)).description), "wait": false],
            input: ["input": ["age": 40]])
    ]

    private static func declaration(_ name: String, isCall: Bool) -> Input<Arguments> {
        Input<Arguments>(name, "Which flow, and with what.") { fields in
            let summary: StaticString = "The flow, which has to be active."
            let flow =
                isCall
                ? fields.required("flow_id", .id(FlowID.self), summary) : fields.optional("flow_id", .id(FlowID.self), summary)
            let (input, waits) = ChildCall.declare(&fields)
            return Arguments(flow: flow, input: input, waits: waits)
        }
    }

    func references(_ input: JSONObject) -> [(field: String, definition: DefinitionReference)] {
        input["flow_id"]?.string.flatMap { FlowID($0) }.map { [("flow_id", .flow($0))] } ?? []
    }

    func call(_ arguments: Arguments, in context: ToolContext) async throws(StepFailure) -> JSONValue {
        guard let flow = arguments.flow else { throw .missing("flow_id") }
        return try await context.call(.flow(flow), input: arguments.input, waits: arguments.waits)
    }
}
