// A flow that was checked and can be run: every node's configuration is compiled, every edge leads somewhere, nothing goes in circles, and
// every expression names nodes that come before it. What is wrong is told all at once, by node, edge and field.
// Bounds: `nodeLimit` and `edgeLimit` a drawing, `totalLimit` nodes with all bodies, `depthLimit` bodies within each other, `bytes`.

import Base
import JSON

/// A sound flow, or the sound body of a node.
struct FlowGraph: Sendable {
    static let nodeLimit = 100
    static let edgeLimit = 300
    static let totalLimit = 200
    static let depthLimit = 3
    /// The most bytes of a flow that is saved, and of the configuration of one node.
    static let bytes = 256 << 10

    /// A call of a tool.
    struct Call: Sendable {
        let planned: PlannedCall
        /// Whether the flow goes on from a failure.
        let isTried: Bool
    }

    struct Map: Sendable {
        static let itemLimit = 256
        static let concurrency = 1...8

        let items: JMESPath
        let concurrency: Int
        let body: FlowGraph
    }

    struct Loop: Sendable {
        static let iterations = 1...100

        /// Asked before each round; rounds go on while it holds.
        let condition: JMESPath?
        let iterations: Int
        let body: FlowGraph
    }

    /// What a node does.
    indirect enum Work: Sendable {
        case input(JSONSchema?)
        case output(FlowValue?)
        case call(Call)
        case condition(JMESPath)
        case join(FlowConfig.JoinWait)
        case loop(Loop)
        case map(Map)
    }

    struct Node: Sendable {
        let id: String
        let kind: FlowNode.Kind
        let work: Work
        /// Where it stands, such as `nodes[3].config.body.nodes[0]`.
        let path: String
        /// The nodes of its graph that it may speak of.
        let visible: [String]
    }

    let nodes: [Node]
    let topology: FlowTopology

    /// Checks a drawing.
    /// - Parameter registry: whose tools the calls are checked against; `nil` when that was done.
    /// - Throws: `.invalid` naming every node, edge and field that is refused.
    init(_ drawing: FlowDrawing, registry: ToolRegistry? = nil) throws(Fault) {
        var check = FlowCheck()
        let graph = check.graph(drawing, FlowCheck.Surroundings(path: "", depth: 0, names: ["input", "nodes"], ids: []))
        if let registry { check.checkCalls(registry) }
        guard let graph, check.problems.isEmpty else { throw check.problems.fault }
        self = graph
    }

    init(nodes: [Node], topology: FlowTopology) {
        self.nodes = nodes
        self.topology = topology
    }

    /// The calls of this graph and of the bodies in it.
    var calls: [PlannedCall] {
        nodes.flatMap { node in
            switch node.work {
            case .call(let call): [call.planned]
            case .loop(let loop): loop.body.calls
            case .map(let map): map.body.calls
            case .input, .output, .condition, .join: [] as [PlannedCall]
            }
        }
    }
}
