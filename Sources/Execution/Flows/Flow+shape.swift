// Flows on the wire.

import Base
import JSON

extension Flow {
    /// A flow as it is answered.
    public static let output = Output<Flow>(
        "Flow", "Nodes and the edges between them, which can be run and scheduled.", head + content + rest
    ).revised { $0.revision }

    /// The same as it stands in lists.
    public static let summary = Output<Flow>("FlowSummary", "A flow without its nodes, edges and metadata.", head + rest)

    private static let head: [Output<Flow>.Field] = [
        .field("id", "Its id.") { $0.id },
        .field("name", "Its name.") { $0.name },
        .field("description", "What it is for.") { $0.description },
    ]
    /// What may be long.
    private static let content: [Output<Flow>.Field] = [
        .field("nodes", "The nodes, each with its type and configuration.") { $0.nodes },
        .field("edges", "The edges between them.") { $0.edges },
        .field("metadata", "What clients keep with it.") { $0.metadata },
    ]
    private static let rest: [Output<Flow>.Field] = [
        .field("limits", "What one run may take.") { $0.limits },
        .field("state", "Where it stands: only an active flow runs, an archived one never again.") { $0.state },
        .field("status", "What became of it so far, by its last run.") { $0.status },
        .field("last_execution_id", "Its last run.") { $0.lastExecution },
        .field("version", "The number of its version, from 1.") { $0.version },
        .field("created_at", "When it was made.") { $0.createdAt },
        .field("updated_at", "When it last changed.") { $0.updatedAt },
    ]
}

extension CreateFlow {
    public static let input = Input<CreateFlow>("CreateFlow", "A new flow. It is active.") { fields in
        CreateFlow(
            name: fields.required("name", .string(1...100, format: .line), "Its name."),
            description: fields.defaulted("description", .string(0...2000), "", "What it is for."),
            body: FlowBody(
                FlowDrawing(
                    nodes: fields.required("nodes", .array(of: FlowNode.input, 1...FlowGraph.nodeLimit), "The nodes."),
                    edges: fields.defaulted(
                        "edges", .array(of: FlowEdge.input, 0...FlowGraph.edgeLimit), [], "The edges; none leads back.")),
                metadata: fields.defaulted(
                    "metadata", .object(bytes: Flow.metadataBytes), .object(JSONObject()),
                    "Anything that clients keep with it, such as where nodes are drawn."
                ).object ?? JSONObject(),
                limits: fields.defaulted("limits", Blueprint.RunLimits.input, .standard, "What one run may take.")))
    }
}

extension UpdateFlow {
    public static let input = Input<UpdateFlow>("UpdateFlow", "What changes of a flow; what is left out stays.") { fields in
        UpdateFlow(
            name: fields.optional("name", .string(1...100, format: .line), "Its name."),
            description: fields.optional("description", .string(0...2000), "What it is for."),
            nodes: fields.optional(
                "nodes", .array(of: FlowNode.input, 1...FlowGraph.nodeLimit),
                "All its new nodes. They make a new version; runs that exist finish on theirs."),
            edges: fields.optional("edges", .array(of: FlowEdge.input, 0...FlowGraph.edgeLimit), "All its new edges."),
            metadata: fields.optional("metadata", .object(bytes: Flow.metadataBytes), "What clients keep with it.")?.object,
            limits: fields.optional("limits", Blueprint.RunLimits.input, "What one run may take."))
    }
}
