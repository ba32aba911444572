// The checks of a flow: each node by itself, the edges, the whole, and who may speak of whom. One cause is told once: what follows from
// something that was found before is left out, so that nothing untrue is said; what does not follow from it is told as well.
// Bound: `Problems.most`.

import Base
import JSON

/// Finds what is wrong with a flow, and makes a graph of what is not.
struct FlowCheck {
    /// Where a drawing stands.
    struct Surroundings {
        /// Before the paths of its parts: empty, or such as `nodes[3].config.body.`.
        let path: String
        let depth: Int
        /// What expressions may begin with.
        let names: [String]
        /// The nodes that have ended before; `nil` when that can't be said.
        let ids: Set<String>?
    }

    private(set) var problems = Problems()
    private var ids: Set<String> = []
    private var calls: [PlannedCall] = []

    mutating func graph(_ drawing: FlowDrawing, _ around: Surroundings) -> FlowGraph? {
        let before = problems.fields.count
        checkNames(drawing.nodes, around)
        checkKinds(drawing.nodes, around)
        let topology = topology(drawing, around)
        if problems.fields.count == before { checkWays(drawing, topology, around) }
        let ended = problems.fields.count == before ? topology.ended : nil
        var nodes: [FlowGraph.Node] = []
        for (index, node) in drawing.nodes.enumerated() {
            let visible = ended.map { $0[index].sorted().map { drawing.nodes[$0].id } }
            let path = "\(around.path)nodes[\(index)]"
            let isTried = topology.leaving[index].contains { topology.edges[$0].port == .error }
            let ids = visible.flatMap { around.ids?.union($0) }
            let inner = Surroundings(path: path, depth: around.depth, names: around.names, ids: ids)
            if let work = work(of: node, isTried: isTried, inner) {
                nodes.append(FlowGraph.Node(id: node.id, kind: node.kind, work: work, path: path, visible: visible ?? []))
            }
        }
        return problems.fields.count == before ? FlowGraph(nodes: nodes, topology: topology) : nil
    }

    /// Checks the calls against the tools that there are.
    mutating func checkCalls(_ registry: ToolRegistry) {
        for field in calls.problems(registry) {
            problems.note(Problems.Code(rawValue: field.code) ?? .format, field.message, at: field.path)
        }
    }

    // MARK: Nodes and edges by themselves

    private mutating func checkNames(_ nodes: [FlowNode], _ around: Surroundings) {
        for (index, node) in nodes.enumerated() where !ids.insert(node.id).inserted {
            problems.add(.duplicate, "Another node is called \(node.id).", at: "\(around.path)nodes[\(index)].id")
        }
        if ids.count > FlowGraph.totalLimit {
            problems.add(
                .limit, "A flow has at most \(FlowGraph.totalLimit) nodes, those of its loops and maps included.",
                at: "\(around.path)nodes")
        }
    }

    /// The edges that lead from somewhere to somewhere.
    private mutating func topology(_ drawing: FlowDrawing, _ around: Surroundings) -> FlowTopology {
        let numbers = Dictionary(
            drawing.nodes.enumerated().map { ($0.element.id, $0.offset) }, uniquingKeysWith: { first, _ in first })
        var edges: [FlowTopology.Edge] = []
        for (index, edge) in drawing.edges.enumerated() {
            let path = "\(around.path)edges[\(index)]"
            let source = numbers[edge.source]
            let target = numbers[edge.target]
            if source == nil {
                problems.add(.reference, "There is no node \(edge.source.cut(bytes: 100)) here.", at: "\(path).from")
            }
            if target == nil {
                problems.add(.reference, "There is no node \(edge.target.cut(bytes: 100)) here.", at: "\(path).to")
            }
            guard let source, let target else { continue }
            let new = FlowTopology.Edge(source: source, target: target, port: edge.port)
            if edges.contains(where: { $0 == new }) { problems.add(.duplicate, "This edge is there already.", at: path) }
            checkEnds(drawing.nodes[source], drawing.nodes[target], edge, path)
            edges.append(new)
        }
        let joins = drawing.nodes.indices.filter {
            drawing.nodes[$0].kind == .join && drawing.nodes[$0].config["wait_for"] == "first"
        }
        return FlowTopology(count: drawing.nodes.count, edges: edges, firstJoins: Set(joins))
    }

    private mutating func checkEnds(_ source: FlowNode, _ target: FlowNode, _ edge: FlowEdge, _ path: String) {
        guard source.id != target.id else {
            return problems.add(
                .format, "A node does not lead to itself; what repeats stands inside a loop node.", at: "\(path).to")
        }
        guard source.kind != .output else { return problems.add(.format, "Nothing comes after an output.", at: "\(path).from") }
        if target.kind == .input { problems.add(.format, "Nothing comes before the input.", at: "\(path).to") }
        let words = source.kind.ports.map(\.rawValue).joined(separator: ", ")
        if let port = edge.port, !source.kind.ports.contains(port) {
            let allowed = words.isEmpty ? "bear no mark" : "may be marked \(words)"
            problems.add(.enumeration, "Edges out of a node of type \(source.kind.rawValue) \(allowed).", at: "\(path).when")
        }
        if edge.port == nil, source.kind.decides {
            problems.add(
                .required, "An edge out of a node of type \(source.kind.rawValue) says when: \(words).", at: "\(path).when")
        }
    }

    // MARK: The whole

    private mutating func checkKinds(_ nodes: [FlowNode], _ around: Surroundings) {
        let inputs = nodes.indices.filter { nodes[$0].kind == .input }
        if around.depth > 0 {
            for index in inputs {
                problems.add(
                    .format, "A body has no input: it begins where nothing leads to.", at: "\(around.path)nodes[\(index)].type")
            }
        } else if inputs.isEmpty {
            problems.add(.required, "A flow begins with a node of type input.", at: "\(around.path)nodes")
        }
        if around.depth == 0, inputs.count > 1 {
            problems.add(.duplicate, "There is one input.", at: "\(around.path)nodes[\(inputs[1])].type")
        }
        if !nodes.contains(where: { $0.kind == .output }) {
            problems.add(.required, "It has no end: a node of type output says what it comes to.", at: "\(around.path)nodes")
        }
    }

    private mutating func checkWays(_ drawing: FlowDrawing, _ topology: FlowTopology, _ around: Surroundings) {
        let nodes = drawing.nodes
        if let cycle = topology.cycle {
            let words = (cycle + [cycle[0]]).map { nodes[$0].id }.joined(separator: " → ")
            let edge = topology.edges.firstIndex { $0.source == cycle[cycle.count - 1] && $0.target == cycle[0] } ?? 0
            return problems.add(
                .format, "This goes in circles: \(words). What repeats stands inside a loop node.",
                at: "\(around.path)edges[\(edge)]")
        }
        guard around.depth == 0 else { return }
        // What comes behind a node that nothing leads to is not reached for that reason.
        for index in nodes.indices where nodes[index].kind != .input && topology.entering[index].isEmpty {
            problems.add(.reference, "Nothing leads from the input to \(nodes[index].id).", at: "\(around.path)nodes[\(index)]")
        }
        for index in nodes.indices where nodes[index].kind.decides && topology.leaving[index].isEmpty {
            problems.add(.required, "Nothing follows from what \(nodes[index].id) decides.", at: "\(around.path)nodes[\(index)]")
        }
    }

    // MARK: What nodes do

    private mutating func work(of node: FlowNode, isTried: Bool, _ around: Surroundings) -> FlowGraph.Work? {
        let config = "\(around.path).config"
        if let tool = node.kind.tool {
            return call(
                PlannedCall(
                    tool: tool, place: "\(around.path).type", input: value(.object(node.config), config, around), path: config,
                    isWhole: true), isTried)
        }
        switch node.kind {
        case .input: return read(FlowConfig.input, node, config).map { .input($0) }
        case .output:
            guard let given = read(FlowConfig.output, node, config) else { return nil }
            guard let given else { return .output(nil) }
            return .output(value(given, "\(config).value", around))
        case .tool:
            guard let given = read(FlowConfig.tool, node, config) else { return nil }
            let input = value(.object(given.input), "\(config).input", around)
            return call(
                PlannedCall(
                    tool: given.name, place: "\(config).tool", input: input, path: "\(config).input", isWhole: true), isTried)
        case .condition:
            guard let expression = read(FlowConfig.condition, node, config) ?? nil else { return nil }
            check(expression, "\(config).expression", around)
            return .condition(expression)
        case .join: return read(FlowConfig.join, node, config).map { .join($0) }
        case .loop: return loop(node, config, around)
        case .map: return map(node, config, around)
        case .llm, .delay, .approval, .subflow: preconditionFailure("their tools do what they do")
        }
    }

    private mutating func call(_ planned: PlannedCall, _ isTried: Bool) -> FlowGraph.Work {
        calls.append(planned)
        return .call(FlowGraph.Call(planned: planned, isTried: isTried))
    }

    private mutating func loop(_ node: FlowNode, _ config: String, _ around: Surroundings) -> FlowGraph.Work? {
        guard let given = read(FlowConfig.loop, node, config) else { return nil }
        let names = around.names + ["index", "last"]
        let inner = Surroundings(path: around.path, depth: around.depth, names: names, ids: around.ids)
        if let condition = given.condition { check(condition, "\(config).while", inner) }
        return body(given.body, config, names, around).map {
            .loop(FlowGraph.Loop(condition: given.condition, iterations: given.iterations, body: $0))
        }
    }

    private mutating func map(_ node: FlowNode, _ config: String, _ around: Surroundings) -> FlowGraph.Work? {
        guard let given = read(FlowConfig.map, node, config), let items = given.items else { return nil }
        check(items, "\(config).items", around)
        return body(given.body, config, around.names + ["item", "index"], around).map {
            .map(FlowGraph.Map(items: items, concurrency: given.concurrency, body: $0))
        }
    }

    private mutating func body(
        _ drawing: FlowDrawing, _ config: String, _ names: [String], _ around: Surroundings
    ) -> FlowGraph? {
        guard around.depth < FlowGraph.depthLimit else {
            problems.add(.limit, "Bodies stand within each other at most \(FlowGraph.depthLimit) deep.", at: "\(config).body")
            return nil
        }
        return graph(
            drawing, Surroundings(path: "\(config).body.", depth: around.depth + 1, names: names, ids: around.ids))
    }

    // MARK: Configurations and expressions

    private mutating func read<Value>(_ input: Input<Value>, _ node: FlowNode, _ path: String) -> Value? {
        do throws(Fault) {
            return try input.decode(JSONValue.object(node.config).bytes)
        } catch {
            add(error, path)
            return nil
        }
    }

    /// A value whose places are filled later.
    private mutating func value(_ given: JSONValue, _ path: String, _ around: Surroundings) -> FlowValue {
        let value = FlowValue(given, at: path, &problems)
        for place in value.places(at: path) { check(place.expression, place.path, around) }
        return value
    }

    private mutating func add(_ fault: Fault, _ path: String) {
        for field in fault.below(path).fields {
            problems.note(Problems.Code(rawValue: field.code) ?? .format, field.message, at: field.path)
        }
    }

    /// Who is spoken of has to have ended before.
    private mutating func check(_ expression: JMESPath, _ path: String, _ around: Surroundings) {
        let known = ids
        let scope = ExpressionScope(names: around.names, member: "nodes") { name in
            if !known.contains(name) { return "There is no node \(name.cut(bytes: 100))." }
            return around.ids?.contains(name) ?? true ? nil : "\(name) need not have ended before this node."
        }
        for problem in scope.problems(expression) { problems.note(.reference, problem, at: path) }
    }
}
