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
        let tool: String
        let input: FlowValue
        /// Where the input stands in the node.
        let path: String
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
    /// - Throws: `.invalid` naming every node, edge and field that is refused.
    init(_ drawing: FlowDrawing) throws(Fault) {
        var check = FlowCheck()
        let graph = check.graph(drawing, FlowCheck.Surroundings(path: "", depth: 0, names: ["input", "nodes"], ids: []))
        guard let graph, check.problems.isEmpty else { throw check.problems.fault }
        self = graph
    }

    init(nodes: [Node], topology: FlowTopology) {
        self.nodes = nodes
        self.topology = topology
    }

    /// The calls of this graph and of the bodies in it.
    var calls: [(node: Node, call: Call)] {
        nodes.flatMap { node in
            switch node.work {
            case .call(let call): [(node: node, call: call)]
            case .loop(let loop): loop.body.calls
            case .map(let map): map.body.calls
            case .input, .output, .condition, .join: [] as [(node: Node, call: Call)]
            }
        }
    }

    /// What the run's input has to be like.
    var inputSchema: JSONSchema? {
        for case .input(let schema?) in nodes.map(\.work) { return schema }
        return nil
    }

    /// What is wrong with the calls: unknown tools, and inputs that the tools will not take.
    func problems(_ registry: ToolRegistry) -> [Fault.Field] {
        calls.flatMap { node, call in
            let path = "\(node.path).\(call.path)"
            guard let tool = registry.tool(call.tool) else {
                let place = node.kind == .tool ? "\(node.path).config.tool" : "\(node.path).type"
                return [Fault.Field(place, "reference", "There is no tool \(call.tool.cut(bytes: 100)).")]
            }
            return tool.problems(of: call.input, at: path)
        }
    }
}

extension Tool {
    /// What is wrong with an input whose places are not filled yet.
    func problems(of input: FlowValue, at path: String) -> [Fault.Field] {
        let known = input.known
        var fields: [Fault.Field] = []
        do throws(Fault) {
            try checkConfiguration(known.members)
        } catch {
            fields = error.fields.map { Fault.Field("\(path).\($0.path)", $0.code, $0.message) }
        }
        let declared = arguments.properties
        for name in known.names where !declared.contains(where: { $0.name == name }) {
            let field = Fault.Field("\(path).\(name.cut(bytes: 100))", Problems.Code.unknown.rawValue, "There is no such field.")
            if !fields.contains(field) { fields.append(field) }
        }
        for property in declared where property.isRequired && !known.names.contains(property.name) {
            fields.append(
                Fault.Field("\(path).\(property.name)", Problems.Code.required.rawValue, "This field is required."))
        }
        return fields
    }
}
