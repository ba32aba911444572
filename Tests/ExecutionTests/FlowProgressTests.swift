// How a run of a flow goes on, without tools or a database: hand-made flows, and random ones that are broken off and taken up again.

import Testing

@testable import Execution

@Suite struct FlowProgressTests {
    private func topology(_ count: Int, _ edges: [(Int, Int, FlowPort?)], first: Set<Int> = []) -> FlowTopology {
        FlowTopology(
            count: count, edges: edges.map { FlowTopology.Edge(source: $0.0, target: $0.1, port: $0.2) }, firstJoins: first)
    }

    @Test func `of a condition one way is gone, and the ways meet again`() {
        var progress = FlowProgress(
            topology(6, [(0, 1, .yes), (0, 2, .no), (2, 3, nil), (1, 4, nil), (3, 4, nil), (4, 5, nil)]))
        #expect(progress.take(atMost: 9) == [0])
        #expect(progress.take(atMost: 9) == [])
        progress.finish(0, .yes)
        #expect(progress.statuses[2] == .skipped && progress.statuses[3] == .skipped)
        #expect(progress.take(atMost: 9) == [1])
        progress.finish(1, nil)
        #expect(progress.take(atMost: 9) == [4] && progress.sources(of: 4) == [1])
        progress.finish(4, nil)
        #expect(progress.take(atMost: 9) == [5] && !progress.isOver)
        progress.finish(5, nil)
        #expect(progress.isOver)
    }

    @Test func `branches run at once within the bound, and a join waits for all of them`() {
        var progress = FlowProgress(topology(5, [(0, 1, nil), (0, 2, nil), (0, 3, nil), (1, 4, nil), (2, 4, nil), (3, 4, nil)]))
        #expect(progress.take(atMost: 9) == [0])
        progress.finish(0, nil)
        #expect(progress.take(atMost: 2) == [1, 2])
        progress.wait(1)
        #expect(progress.take(atMost: 1) == [3])
        progress.finish(2, nil)
        progress.finish(3, nil)
        #expect(progress.take(atMost: 9) == [] && !progress.isOver)
    }

    @Test func `a join of the first goes on with it, and what nobody waits for any more is skipped`() {
        // 1 and 2 → 3 go to the join 4; 1 comes first, while 2 waits.
        var progress = FlowProgress(
            topology(6, [(0, 1, nil), (0, 2, nil), (1, 4, nil), (2, 3, nil), (3, 4, nil), (4, 5, nil)], first: [4]))
        _ = progress.take(atMost: 1)
        progress.finish(0, nil)
        #expect(progress.take(atMost: 9) == [1, 2])
        progress.finish(1, nil)
        #expect(progress.take(atMost: 9) == [4])
        progress.finish(4, nil)
        // What runs is left to its end, and begins no wait any more.
        #expect(progress.statuses[2] == .running && progress.statuses[3] == .skipped)
        progress.wait(2)
        #expect(progress.statuses[2] == .skipped)
        #expect(progress.take(atMost: 9) == [5])
        progress.finish(5, nil)
        #expect(progress.isOver)
    }

    @Test func `an error takes its own way and no other`() {
        let shape = topology(4, [(0, 1, nil), (0, 2, .error), (1, 3, nil), (2, 3, nil)])
        for (port, way) in [(FlowPort.error as FlowPort?, 2), (nil, 1)] {
            var progress = FlowProgress(shape)
            _ = progress.take(atMost: 1)
            progress.finish(0, port)
            #expect(progress.take(atMost: 9) == [way])
            #expect(progress.statuses[3 - way] == .skipped)
        }
    }

    @Test func `a cycle is found wherever it lies`() {
        #expect(topology(4, [(0, 1, nil), (1, 2, nil), (2, 3, nil)]).cycle == nil)
        #expect(topology(2, [(0, 1, nil), (1, 0, nil)]).cycle.map { Set($0) } == [0, 1])
        // The cycle 1 → 2 → 3 → 1 with a tail.
        #expect(
            topology(6, [(0, 1, nil), (1, 2, nil), (2, 3, nil), (3, 1, nil), (3, 4, nil), (4, 5, nil)]).cycle.map { Set($0) } == [
                1, 2, 3,
            ])
    }

    /// A flow whose edges go from lower numbers to higher ones, with conditions and joins here and there.
    private func random(_ numbers: inout SeededNumbers) -> FlowTopology {
        let count = Int.random(in: 2...14, using: &numbers)
        let conditions = Set((0..<count).filter { _ in Int.random(in: 0..<4, using: &numbers) == 0 })
        var edges: [FlowTopology.Edge] = []
        for target in 1..<count {
            for source in Set(
                (0...Int.random(in: 0..<3, using: &numbers)).map { _ in Int.random(in: 0..<target, using: &numbers) }
            ).sorted() {
                let port: FlowPort? = conditions.contains(source) ? (Bool.random(using: &numbers) ? .yes : .no) : nil
                edges.append(FlowTopology.Edge(source: source, target: target, port: port))
            }
        }
        let first = (0..<count).filter { _ in Int.random(in: 0..<5, using: &numbers) == 0 }
        return FlowTopology(count: count, edges: edges, firstJoins: Set(first))
    }

    @Test func `random flows end, run nothing that was not reached, and see only what has ended`() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var numbers = SeededNumbers(state: seed)
        for _ in 0..<3_000 {
            let shape = random(&numbers)
            let ended = shape.ended
            let ports = (0..<shape.count).map { node -> FlowPort? in
                let marked = shape.leaving[node].contains { shape.edges[$0].port != nil }
                return marked ? (Bool.random(using: &numbers) ? .yes : .no) : nil
            }
            var progress = FlowProgress(shape)
            var running: [Int] = []
            var turns = 0
            while turns < 1_000 {
                turns += 1
                for node in progress.take(atMost: 4 - running.count) {
                    let isOver = ended[node].allSatisfy { progress.statuses[$0] == .done || progress.statuses[$0] == .skipped }
                    let isReached = shape.entering[node].isEmpty || !progress.sources(of: node).isEmpty
                    #expect(isOver && isReached, "seed \(seed): \(node) of \(shape.edges)")
                    running.append(node)
                }
                guard !running.isEmpty else { break }
                let node = running.remove(at: Int.random(in: 0..<running.count, using: &numbers))
                progress.finish(node, ports[node])
            }
            #expect(progress.isOver, "seed \(seed): \(progress.statuses) of \(shape.edges)")
        }
    }
}
