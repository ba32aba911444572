// A flow as its tenant sees it: nodes and edges in immutable versions, which run when somebody or a schedule wants it.

import Base
import JSON

/// A flow.
public struct Flow: Sendable {
    /// The most bytes of what a client keeps with a flow.
    public static let metadataBytes = 16 << 10

    public let id: FlowID
    public let name: String
    public let description: String
    public let nodes: JSONRaw
    public let edges: JSONRaw
    /// What clients keep with it, such as where nodes are drawn.
    public let metadata: JSONRaw
    public let limits: JSONRaw
    public let state: DefinitionState
    public let status: RunStatus
    public let lastExecution: ExecutionID?
    /// The number of the version, from 1.
    public let version: Int
    public let createdAt: Timestamp
    public let updatedAt: Timestamp
    /// How often it has changed, from 1.
    public let revision: Int
}

/// What a flow does, in one version.
struct FlowBody: Sendable {
    let drawing: FlowDrawing
    let metadata: JSONObject
    let limits: Blueprint.RunLimits

    /// Checks the drawing against itself and against what the registry has.
    /// - Throws: `.invalid` naming every node, edge and field that is refused.
    func check(against registry: ToolRegistry) throws(Fault) -> FlowGraph {
        guard JSONValue.object(drawing.value).bytes.count <= FlowGraph.bytes else {
            throw .invalid("nodes", "limit", "A flow has at most \(FlowGraph.bytes) bytes, its nodes and edges together.")
        }
        return try FlowGraph(drawing, registry: registry)
    }

    /// The text that is stored: the blueprint that a run carries through holds the nodes and edges.
    func bytes(_ graph: FlowGraph) -> [UInt8] {
        let tools = Set(graph.calls.map(\.tool)).sorted()
        let value: JSONValue = [
            "metadata": .object(metadata), "limits": limits.value,
            "blueprint": [
                "tools": .array(tools.map { ["name": .string($0)] }),
                "strategy": ["name": "flow_graph", "config": .object(drawing.value)], "limits": limits.value,
            ],
        ]
        return value.bytes
    }

    /// What the store holds of a flow.
    init(stored body: JSONRaw) throws(Fault) {
        let value = try JSONValue(parsing: body.bytes)
        drawing = try FlowDrawing.input.decode((value["blueprint"]?["strategy"]?["config"] ?? .null).bytes)
        metadata = value["metadata"]?.object ?? JSONObject()
        limits = try Blueprint.RunLimits.input.decode((value["limits"] ?? [:]).bytes)
    }

    init(_ drawing: FlowDrawing, metadata: JSONObject, limits: Blueprint.RunLimits) {
        self.drawing = drawing
        self.metadata = metadata
        self.limits = limits
    }
}

/// What it takes to make a flow.
public struct CreateFlow: Sendable {
    let name: String
    let description: String
    let body: FlowBody
}

/// What changes of a flow; what is `nil` stays.
public struct UpdateFlow: Sendable {
    let name: String?
    let description: String?
    let nodes: [FlowNode]?
    let edges: [FlowEdge]?
    let metadata: JSONObject?
    let limits: Blueprint.RunLimits?

    /// What a flow is from now on; `nil` when that stays.
    func body(after present: FlowBody) -> FlowBody? {
        guard nodes != nil || edges != nil || metadata != nil || limits != nil else { return nil }
        return FlowBody(
            FlowDrawing(nodes: nodes ?? present.drawing.nodes, edges: edges ?? present.drawing.edges),
            metadata: metadata ?? present.metadata, limits: limits ?? present.limits)
    }
}

extension Flow {
    init(_ record: DefinitionRecord<FlowKind>) throws(Fault) {
        let value = try JSONValue(parsing: record.body.bytes)
        let drawing = value["blueprint"]?["strategy"]?["config"]
        func raw(_ value: JSONValue?) -> JSONRaw { JSONRaw((value ?? .null).bytes) }
        self.init(
            id: record.id, name: record.name, description: record.description, nodes: raw(drawing?["nodes"]),
            edges: raw(drawing?["edges"]), metadata: raw(value["metadata"]), limits: raw(value["limits"]), state: record.state,
            status: record.status, lastExecution: record.lastExecution, version: record.version, createdAt: record.createdAt,
            updatedAt: record.updatedAt, revision: record.revision)
    }
}
