// The bare shape of a flow, and how far a run of it has come. Pure: outcomes go in, the nodes that may run come out. An edge is open until its source
// has ended, and then taken or dead; a node runs once all edges into it are decided and one of them is taken, and is skipped when all are dead,
// so that branches meet again behind a condition whichever way was taken.

/// Nodes by number, and the edges between them.
struct FlowTopology: Sendable {
    struct Edge: Sendable, Equatable {
        let source: Int
        let target: Int
        /// Which outcome of the source takes it; `nil` for any but an error.
        let port: FlowPort?
    }

    let count: Int
    let edges: [Edge]
    /// Nodes that run as soon as one edge into them is taken.
    let firstJoins: Set<Int>
    /// The numbers of the edges out of each node, and into it.
    let leaving: [[Int]]
    let entering: [[Int]]

    init(count: Int, edges: [Edge], firstJoins: Set<Int> = []) {
        self.count = count
        self.edges = edges
        self.firstJoins = firstJoins
        var (leaving, entering) = (Array(repeating: [Int](), count: count), Array(repeating: [Int](), count: count))
        for (number, edge) in edges.enumerated() {
            leaving[edge.source].append(number)
            entering[edge.target].append(number)
        }
        (self.leaving, self.entering) = (leaving, entering)
    }

    /// Nodes that nothing leads to.
    var starts: [Int] { (0..<count).filter { entering[$0].isEmpty } }

    /// The nodes of a cycle in their order, `nil` when there is none.
    var cycle: [Int]? {
        var open = entering.map(\.count)
        var ready = starts
        while let node = ready.popLast() {
            for edge in leaving[node] {
                let target = edges[edge].target
                open[target] -= 1
                if open[target] == 0 { ready.append(target) }
            }
        }
        // What is left lies on a cycle or behind one: going against the edges from there comes back to itself.
        guard var node = open.firstIndex(where: { $0 > 0 }) else { return nil }
        var seen: [Int] = []
        while !seen.contains(node) {
            seen.append(node)
            guard let edge = entering[node].first(where: { open[edges[$0].source] > 0 }) else { return nil }
            node = edges[edge].source
        }
        let cycle = Array(seen[(seen.firstIndex(of: node) ?? 0)...].reversed())
        // It is told from its first node on.
        let first = cycle.indices.min { cycle[$0] < cycle[$1] } ?? 0
        return Array(cycle[first...] + cycle[..<first])
    }

    /// For each node those that have certainly ended, one way or another, when it runs: all before it; behind a join that waits for the first
    /// branch only what is before all of them. For what has no cycle.
    var ended: [Set<Int>] {
        var ended = Array(repeating: Set<Int>(), count: count)
        var open = entering.map(\.count)
        var ready = starts
        while let node = ready.popLast() {
            let before = entering[node].map { ended[edges[$0].source].union([edges[$0].source]) }
            if let first = before.first {
                ended[node] = before.dropFirst().reduce(first) {
                    firstJoins.contains(node) ? $0.intersection($1) : $0.union($1)
                }
            }
            for edge in leaving[node] {
                open[edges[edge].target] -= 1
                if open[edges[edge].target] == 0 { ready.append(edges[edge].target) }
            }
        }
        return ended
    }
}

/// How a node ended, as far as edges tell it apart.
enum FlowPort: String, Sendable, CaseIterable {
    /// A condition that holds, or not.
    case yes = "true"
    case no = "false"
    case approved, rejected
    /// A failure that the flow has a way for.
    case error
}

/// How far a run of a topology has come.
struct FlowProgress: Sendable {
    enum Status: Sendable, Equatable {
        case pending, running, waiting, done, skipped
    }

    private enum EdgeState { case open, taken, dead }

    let topology: FlowTopology
    private(set) var statuses: [Status]
    private var edges: [EdgeState]

    init(_ topology: FlowTopology) {
        self.topology = topology
        statuses = Array(repeating: .pending, count: topology.count)
        edges = Array(repeating: .open, count: topology.edges.count)
    }

    /// Whether nothing is left to be done.
    var isOver: Bool { statuses.allSatisfy { $0 == .done || $0 == .skipped } }

    /// The sources of the edges into `node` that were taken.
    func sources(of node: Int) -> [Int] {
        topology.entering[node].filter { edges[$0] == .taken }.map { topology.edges[$0].source }
    }

    /// Takes nodes that may run, in their order; they are running then.
    mutating func take(atMost limit: Int) -> [Int] {
        let ready = statuses.indices.filter { isReady($0) }.prefix(max(0, limit))
        for node in ready { statuses[node] = .running }
        return Array(ready)
    }

    private func isReady(_ node: Int) -> Bool {
        guard statuses[node] == .pending else { return false }
        let into = topology.entering[node]
        if into.isEmpty { return true }
        let isTaken = into.contains { edges[$0] == .taken }
        return topology.firstJoins.contains(node) ? isTaken : isTaken && !into.contains { edges[$0] == .open }
    }

    /// A running node has let go, until its wait is over.
    mutating func wait(_ node: Int) {
        precondition(statuses[node] == .running, "only what runs can wait")
        statuses[node] = .waiting
        settle()
    }

    /// A running node has ended.
    mutating func finish(_ node: Int, _ port: FlowPort?) {
        precondition(statuses[node] == .running, "only what runs can end")
        statuses[node] = .done
        for edge in topology.leaving[node] {
            let wanted = topology.edges[edge].port
            edges[edge] = wanted == port || wanted == nil && port != .error ? .taken : .dead
        }
        settle()
    }

    /// Skips what can't be reached any more, and what nobody waits for any more.
    private mutating func settle() {
        var changes = true
        while changes {
            changes = false
            for node in statuses.indices where isDead(node) || isMoot(node) {
                statuses[node] = .skipped
                for edge in topology.leaving[node] where edges[edge] == .open { edges[edge] = .dead }
                changes = true
            }
        }
    }

    private func isDead(_ node: Int) -> Bool {
        let into = topology.entering[node]
        return statuses[node] == .pending && !into.isEmpty && into.allSatisfy { edges[$0] == .dead }
    }

    /// Whether all that comes of a node goes to joins that have been passed. What runs is left to its end.
    private func isMoot(_ node: Int) -> Bool {
        guard statuses[node] == .pending || statuses[node] == .waiting, !topology.leaving[node].isEmpty else { return false }
        return topology.leaving[node].allSatisfy { edge in
            let target = topology.edges[edge].target
            return statuses[target] == .skipped
                || topology.firstJoins.contains(target) && statuses[target] != .pending
        }
    }
}
