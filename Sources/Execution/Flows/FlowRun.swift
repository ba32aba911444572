// Carries a flow through: asks the progress what may run, runs it, and tells the progress how it ended, until nothing is left. What waits lets
// the others go on; when only what waits is left, the run lets go of its worker. Everything is decided from the input and from what steps
// came to, so that a run that is taken up again goes the same way. Steps are called `node[ID]`, within bodies
// `node[ID]/map/7/node[ID]` and `node[ID]/loop/2/node[ID]`. A branch that lost to another at a join of the first stays as it is, so that
// the run finds it so when it is taken up again; what it started and waits for is cancelled when the run has succeeded.
// Bounds: `branchLimit` nodes at once, `Map.concurrency` elements, `FlowStock.byteLimit`; the guard against circles in loops.

import Base
import JSON
import Loop

/// One run of a flow, or of the body of a node.
struct FlowRun: Sendable {
    /// Nodes of a flow that run at once. Those of a body run one after another.
    static let branchLimit = 8

    /// What expressions see, and where the steps stand.
    struct Surroundings: Sendable {
        let input: JSONValue
        /// Before the keys of the steps.
        let key: String
        /// What the nodes outside came to.
        var outputs = JSONObject()
        /// `item`, `index`, `last`.
        var names = JSONObject()
        var isBody = false
        /// The calls of the innermost loop around it, and how long the keys before its rounds' own are.
        var rounds: FlowRounds?
        var roundKeyCount = 0
    }

    /// How a node ended.
    private struct Outcome: Sendable {
        var value: JSONValue = .null
        var port: FlowPort?
    }

    let plan: RunPlan
    let pool: BlockingPool
    private let stock = FlowStock()

    init(plan: RunPlan, pool: BlockingPool) {
        self.plan = plan
        self.pool = pool
    }

    /// - Returns: the value of the output that was come to; of several, an object by their ids; null of none.
    /// - Throws: what failed; the wish to wait when nothing else is left to do.
    func carry(_ graph: FlowGraph, _ around: Surroundings) async throws(StepFailure) -> JSONValue {
        var progress = FlowProgress(graph.topology)
        var outputs = JSONObject()
        var failures: [StepFailure] = []
        var held = 0
        defer { stock.release(held) }
        await withTaskGroup(of: (Int, Result<Outcome, StepFailure>).self) { group in
            var running = 0
            while true {
                if Task.isCancelled { failures.append(FlowRun.cancelled) }
                // After a failure what runs is let come to its end, and nothing new begins.
                if !failures.contains(where: { !$0.isWait }) {
                    for number in progress.take(atMost: (around.isBody ? 1 : FlowRun.branchLimit) - running) {
                        let context = context(outputs.picking(graph.nodes[number].visible), around)
                        let sources = progress.sources(of: number).map { graph.nodes[$0].id }
                        let given = outputs.picking(sources)
                        running += 1
                        group.addTask { (number, await outcome(of: graph.nodes[number], given, context, around)) }
                    }
                }
                guard running > 0, let (number, result) = await group.next() else { break }
                running -= 1
                switch kept(result, of: graph.nodes[number], &held) {
                case .success(let outcome):
                    outputs[graph.nodes[number].id] = outcome.value
                    progress.finish(number, outcome.port)
                    passOver(progress, graph, around)
                case .failure(let failure):
                    failures.append(failure)
                    guard failure.isWait else { continue }
                    progress.wait(number)
                    passOver(progress, graph, around)
                }
            }
        }
        // What waits for nothing but a join that was passed is no reason to wait.
        if !progress.isOver, let failure = FlowRun.worst(failures) { throw failure }
        let ends = graph.nodes.indices.filter { graph.nodes[$0].kind == .output && progress.statuses[$0] == .done }
        if ends.count == 1 { return outputs[graph.nodes[ends[0]].id] ?? .null }
        return ends.isEmpty ? .null : .object(outputs.keeping(ends.map { graph.nodes[$0].id }))
    }

    private static let cancelled = StepFailure(Fault(.cancelled, "The run was told to end."), .permanent)

    /// How a node ended, with what it came to counted.
    private func kept(
        _ result: Result<Outcome, StepFailure>, of node: FlowGraph.Node, _ held: inout Int
    ) -> Result<Outcome, StepFailure> {
        guard case .success(let outcome) = result else { return result }
        do throws(StepFailure) {
            held += try stock.take(outcome.value, of: "node[\(node.id)]")
            return result
        } catch {
            return .failure(error)
        }
    }

    /// Lets the nodes be that nobody waits for any more.
    private func passOver(_ progress: FlowProgress, _ graph: FlowGraph, _ around: Surroundings) {
        for number in graph.nodes.indices where progress.statuses[number] == .skipped {
            plan.pass(over: "\(around.key)node[\(graph.nodes[number].id)]")
        }
    }

    /// The failure that decides about the run.
    private static func worst(_ failures: [StepFailure]) -> StepFailure? {
        failures.min { $0.flowRank < $1.flowRank }
    }

    private func context(_ outputs: JSONObject, _ around: Surroundings) -> JSONValue {
        var context = around.names
        context["input"] = around.input
        context["nodes"] = .object(around.outputs.merging(outputs))
        return .object(context)
    }

    // MARK: Nodes

    private func outcome(
        of node: FlowGraph.Node, _ given: JSONObject, _ context: JSONValue, _ around: Surroundings
    ) async -> Result<Outcome, StepFailure> {
        do throws(StepFailure) {
            return .success(try await perform(node, given, context, around))
        } catch {
            return .failure(error)
        }
    }

    private func perform(
        _ node: FlowGraph.Node, _ given: JSONObject, _ context: JSONValue, _ around: Surroundings
    ) async throws(StepFailure) -> Outcome {
        let key = "\(around.key)node[\(node.id)]"
        switch node.work {
        case .input(let schema):
            if let schema { try await check(around.input, schema, key) }
            return Outcome(value: around.input)
        case .output(let value):
            guard let value else { return Outcome(value: given.count == 1 ? given.members[0].value : .object(given)) }
            return Outcome(value: try await fill(value, context, key, at: "\(node.path).config.value"))
        case .join(.all): return Outcome(value: .object(given))
        case .join(.first): return Outcome(value: try await plan.note(.object(given), key: key))
        case .condition(let expression):
            let holds = try await fill(.expression(expression), context, key, at: "\(node.path).config.expression").isTruthy
            plan.write(.info, "\(key) is \(holds)")
            return Outcome(value: .bool(holds), port: holds ? .yes : .no)
        case .call(let call): return try await perform(call, node, key, around, context)
        case .loop(let loop): return Outcome(value: try await perform(loop, node, key, around, context))
        case .map(let map): return Outcome(value: try await perform(map, node, key, around, context))
        }
    }

    private func perform(
        _ call: FlowGraph.Call, _ node: FlowGraph.Node, _ key: String, _ around: Surroundings, _ context: JSONValue
    ) async throws(StepFailure) -> Outcome {
        let (tool, path) = (call.planned.tool, call.planned.path)
        let configured = plan.tools.first { $0.name == tool }?.configuration ?? JSONObject()
        let input = configured.merging(try await fill(call.planned.input, context, key, at: path).object ?? JSONObject())
        try around.rounds?.note(String(key.dropFirst(around.roundKeyCount)), tool, input)
        defer { if plan.hasRested(key) { around.rounds?.clear() } }
        guard call.isTried else {
            let output = try await plan.callExactly(tool, key: key, input: input, at: path)
            return Outcome(value: output, port: FlowRun.port(node, output))
        }
        let result = try await plan.attemptExactly(tool, key: key, input: input, at: path)
        if let error = result["error"] { return Outcome(value: ["error": error], port: .error) }
        let output = result["output"] ?? .null
        return Outcome(value: output, port: FlowRun.port(node, output))
    }

    private static func port(_ node: FlowGraph.Node, _ output: JSONValue) -> FlowPort? {
        guard node.kind == .approval else { return nil }
        return output["approved"] == true ? .approved : .rejected
    }

    private func perform(
        _ loop: FlowGraph.Loop, _ node: FlowGraph.Node, _ key: String, _ around: Surroundings, _ context: JSONValue
    ) async throws(StepFailure) -> JSONValue {
        var last: JSONValue = .null
        var round = 0
        let rounds = FlowRounds()
        while round < loop.iterations {
            if Task.isCancelled { throw FlowRun.cancelled }
            var names = around.names
            names["index"] = .integer(round)
            names["last"] = last
            if let condition = loop.condition {
                let asked = JSONValue.object((context.object ?? JSONObject()).merging(names))
                let holds = try await fill(.expression(condition), asked, key, at: "\(node.path).config.while")
                guard holds.isTruthy else { break }
            }
            var inner = inner(around, context, "\(key)/loop/\(round)/", names)
            inner.rounds = rounds
            inner.roundKeyCount = inner.key.count
            last = try await carry(loop.body, inner)
            round += 1
        }
        return [
            "iterations": .integer(round), "last": last, "is_exhausted": .bool(loop.condition != nil && round == loop.iterations),
        ]
    }

    private func perform(
        _ map: FlowGraph.Map, _ node: FlowGraph.Node, _ key: String, _ around: Surroundings, _ context: JSONValue
    ) async throws(StepFailure) -> JSONValue {
        let path = "\(node.path).config.items"
        guard let items = try await fill(.expression(map.items), context, key, at: path).array else {
            throw StepFailure(
                Fault.invalid("", "type", "The items of \(node.id) are no array.").inStep(key, at: path), .permanent)
        }
        guard items.count <= FlowGraph.Map.itemLimit else {
            throw StepFailure(
                Fault(.limitReached, "\(node.id) has \(items.count) items; a map takes \(FlowGraph.Map.itemLimit).")
                    .inStep(key, at: path), .permanent)
        }
        var results = Array(repeating: JSONValue.null, count: items.count)
        var failures: [StepFailure] = []
        let width = around.isBody ? 1 : map.concurrency
        var held = 0
        defer { stock.release(held) }
        await withTaskGroup(of: (Int, Result<JSONValue, StepFailure>).self) { group in
            var next = 0
            var running = 0
            while true {
                if Task.isCancelled { failures.append(FlowRun.cancelled) }
                while running < width, next < items.count, !failures.contains(where: { !$0.isWait }) {
                    var names = around.names
                    names["item"] = items[next]
                    names["index"] = .integer(next)
                    let inner = inner(around, context, "\(key)/map/\(next)/", names)
                    let number = next
                    group.addTask { (number, await result(of: map.body, inner)) }
                    next += 1
                    running += 1
                }
                guard running > 0, let (number, result) = await group.next() else { break }
                running -= 1
                switch result {
                case .success(let value):
                    switch kept(.success(Outcome(value: value)), of: node, &held) {
                    case .success: results[number] = value
                    case .failure(let failure): failures.append(failure)
                    }
                case .failure(let failure): failures.append(failure)
                }
            }
        }
        if let failure = FlowRun.worst(failures) { throw failure }
        return .array(results)
    }

    private func result(of body: FlowGraph, _ around: Surroundings) async -> Result<JSONValue, StepFailure> {
        do throws(StepFailure) {
            return .success(try await carry(body, around))
        } catch {
            return .failure(error)
        }
    }

    private func inner(
        _ around: Surroundings, _ context: JSONValue, _ key: String, _ names: JSONObject
    ) -> Surroundings {
        Surroundings(
            input: around.input, key: key, outputs: context["nodes"]?.object ?? JSONObject(), names: names, isBody: true,
            rounds: around.rounds, roundKeyCount: around.roundKeyCount)
    }

    // MARK: Expressions

    /// - Parameter path: where the value stands in the flow.
    private func fill(
        _ value: FlowValue, _ context: JSONValue, _ key: String, at path: String
    ) async throws(StepFailure) -> JSONValue {
        if case .literal(let literal) = value { return literal }
        return try await pool.compute { () throws(Fault) in
            do throws(Fault) {
                return try value.filled(from: context)
            } catch {
                throw error.inStep(key, at: path)
            }
        }
    }

    private func check(_ input: JSONValue, _ schema: JSONSchema, _ key: String) async throws(StepFailure) {
        _ = try await pool.compute { () throws(Fault) in
            do throws(Fault) {
                try schema.check(input, at: "input")
            } catch {
                throw error.inStep(key, at: "")
            }
        }
    }
}

extension JSONObject {
    /// The members of these names in their order, not in that in which branches came to their end: it is another each time.
    fileprivate func picking(_ names: [String]) -> JSONObject {
        var picked = JSONObject()
        for name in names { picked[name] = self[name] }
        return picked
    }
}

extension StepFailure {
    /// Whether the step only waits.
    var isWait: Bool {
        if case .suspended = kind { true } else { false }
    }

    /// Of several failures at once the least decides.
    fileprivate var flowRank: Int {
        if fault.code == .leaseLost || fault.code == .cancelled { return 0 }
        switch kind {
        case .outcomeUnknown: return 1
        case .permanent: return 2
        case .transient: return 3
        case .paused: return 4
        case .suspended: return 5
        }
    }
}
