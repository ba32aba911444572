// What stands in a flow: nodes, each of a type with its configuration, and the edges between them. What repeats stands inside a node
// (`loop`, `map`) as a body of its own, so that edges never lead back. Nodes that call a tool differ in nothing but which.

import Base
import JSON

/// A node as it is sent.
struct FlowNode: Sendable {
    enum Kind: String, Sendable, CaseIterable {
        /// Where the run's input comes in.
        case input
        /// What the run comes to.
        case output
        /// Asks the model.
        case llm
        /// Calls a tool.
        case tool
        /// Takes one of two ways.
        case condition
        /// Does its body again and again.
        case loop
        /// Does its body for each element.
        case map
        /// Brings branches together.
        case join
        /// Waits for a time.
        case delay
        /// Waits for somebody's word.
        case approval
        /// Runs another flow.
        case subflow

        /// The tool that a node of this type calls with its configuration.
        var tool: String? {
            switch self {
            case .llm: "llm_chat"
            case .delay: "wait"
            case .approval: "human_approval"
            case .subflow: "call_flow"
            case .input, .output, .tool, .condition, .loop, .map, .join: nil
            }
        }

        /// What edges out of it may be marked with.
        var ports: [FlowPort] {
            switch self {
            case .condition: [.yes, .no]
            case .approval: [.approved, .rejected, .error]
            case .llm, .tool, .subflow: [.error]
            case .input, .output, .loop, .map, .join, .delay: []
            }
        }

        /// Whether edges out of it have to be marked.
        var decides: Bool { self == .condition || self == .approval }
    }

    /// Letters, digits and underscores: a name that expressions can take as it is.
    static let idCharacters = 40

    let id: String
    let kind: Kind
    let config: JSONObject

    static let input = Input<FlowNode>("FlowNode", "One node of a flow.") { fields in
        FlowNode(
            id: fields.required(
                "id", .string(1...idCharacters, format: identifier), "Its name, one of a kind in the whole flow."),
            kind: fields.required("type", .enumeration(Kind.self), "What it does."),
            config: fields.defaulted(
                "config", .object(bytes: FlowGraph.bytes), .object(JSONObject()), "How it does that, by its type."
            ).object ?? JSONObject())
    }

    private static let identifier = TextFormat(
        pattern: "^[A-Za-z_][A-Za-z0-9_]*$", message: "This must be letters, digits and underscores, and not begin with a digit."
    ) { text in
        var isFirst = true
        for byte in text.utf8 {
            let isLetter = (0x61...0x7A).contains(byte | 0x20) || byte == UInt8(ascii: "_")
            let isDigit = (0x30...0x39).contains(byte)
            guard isLetter || isDigit && !isFirst else { return false }
            isFirst = false
        }
        return !isFirst
    }

    var value: JSONValue { ["id": .string(id), "type": .string(kind.rawValue), "config": .object(config)] }
}

/// An edge as it is sent.
struct FlowEdge: Sendable {
    let source: String
    let target: String
    let port: FlowPort?

    static let input = Input<FlowEdge>("FlowEdge", "A way from one node to another.") { fields in
        FlowEdge(
            source: fields.required("from", .string(1...FlowNode.idCharacters), "The node that it leaves."),
            target: fields.required("to", .string(1...FlowNode.idCharacters), "The node that it leads to."),
            port: fields.optional(
                "when", .enumeration(FlowPort.self),
                "Which outcome takes it: true or false of a condition, approved or rejected of an approval, error of a call."))
    }

    var value: JSONValue {
        var object = JSONObject()
        object["from"] = .string(source)
        object["to"] = .string(target)
        if let port { object["when"] = .string(port.rawValue) }
        return .object(object)
    }
}

/// Nodes and edges as they are sent: a flow, or the body of a node.
struct FlowDrawing: Sendable {
    let nodes: [FlowNode]
    let edges: [FlowEdge]

    static let input = Input<FlowDrawing>("FlowGraph", "Nodes, and the edges between them.") { fields in
        FlowDrawing(
            nodes: fields.required("nodes", .array(of: FlowNode.input, 1...FlowGraph.nodeLimit), "The nodes."),
            edges: fields.defaulted(
                "edges", .array(of: FlowEdge.input, 0...FlowGraph.edgeLimit), [], "The edges; none leads back."))
    }

    var value: JSONObject {
        var object = JSONObject()
        object["nodes"] = .array(nodes.map(\.value))
        object["edges"] = .array(edges.map(\.value))
        return object
    }
}
