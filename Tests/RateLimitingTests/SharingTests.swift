// The law over all nodes together, whatever happens to them.

import Base
import Testing

@testable import RateLimiting

@Suite struct SharingTests {
    /// Asks at every node, some of the time much, some of the time little.
    private func load(_ world: Simulation, every nanoseconds: UInt64) {
        // Now and then nobody asks for as long as a bucket takes to fill.
        let rests = world.number(0...3_000) == 0
        world.after(rests ? world.number(0...2 * world.rate.fillNanoseconds) : world.number(1...2 * nanoseconds)) {
            for node in world.nodes where world.number(0...2) > 0 { world.request(node) }
            if world.number(0...300) == 0 { world.forget() }
            self.load(world, every: nanoseconds)
        }
    }

    /// Starts, stops, kills and pauses nodes.
    private func disturb(_ world: Simulation, most: Int, every seconds: UInt64) {
        world.after(world.number(1...2 * seconds * Simulation.second)) {
            let node = world.nodes.isEmpty ? nil : world.nodes[Int(world.number(0...UInt64(world.nodes.count - 1)))]
            switch (world.number(0...9), node) {
            case (0...3, _) where world.nodes.count < most:
                let free = (0..<most).filter { number in !world.nodes.contains { $0.number == number } }
                world.start(free[Int(world.number(0...UInt64(free.count - 1)))])
            case (4...5, .some(let node)): world.crash(node)
            case (6, .some(let node)): world.leave(node)
            case (7...8, .some(let node)): world.pause(node, seconds: world.number(1...15))
            default: break
            }
            self.disturb(world, most: most, every: seconds)
        }
    }

    @Test(arguments: (1...24).map { UInt64($0) })
    func `no interval admits more over all nodes than burst and rate allow`(_ seed: UInt64) {
        let rate = [Rate(perMinute: 600, burst: 120), Rate(perSecond: 5, burst: 20), Rate(perMinute: 100)][Int(seed % 3)]
        let world = Simulation(rate: rate, seed: seed)
        world.start(0)
        load(world, every: rate.intervalNanoseconds / 4)
        disturb(world, most: 4, every: seed % 2 == 0 ? 4 : 20)
        world.run(seconds: 300)
        #expect(!world.ledger.entries.isEmpty)
        let excess = world.ledger.excess(burst: rate.burst, interval: rate.intervalNanoseconds)
        #expect(excess <= 1e-6, "seed \(seed): \(excess) too many of \(rate.burst)")
    }

    @Test(arguments: (1...6).map { UInt64($0) })
    func `the same when a burst is smaller than a unit a node`(_ seed: UInt64) {
        let rate = Rate(perSecond: 5)
        let world = Simulation(rate: rate, seed: seed)
        for number in 0..<4 { world.start(number) }
        load(world, every: rate.intervalNanoseconds / 4)
        disturb(world, most: 4, every: 10)
        world.run(seconds: 300)
        // One unit a node and half of the burst is what four nodes need at least.
        #expect(world.ledger.excess(burst: max(rate.burst, 4 + 3), interval: rate.intervalNanoseconds) <= 1e-6)
    }

    @Test func `nodes that stay get nearly all that the rate allows`() {
        let rate = Rate(perMinute: 600, burst: 120)
        let world = Simulation(rate: rate, seed: 7, isCalm: true)
        for number in 0..<3 { world.start(number) }
        load(world, every: rate.intervalNanoseconds / 4)
        world.run(seconds: 600)
        #expect(world.mostServing == 3 && world.leased > 0)
        let possible = rate.burst + 600 * 600 / 60
        #expect(world.ledger.entries.count > possible * 8 / 10, "\(world.ledger.entries.count) of \(possible)")
    }

    @Test func `a node that crashes again and again leaves the others most of what the rate allows`() {
        let rate = Rate(perMinute: 600)
        let world = Simulation(rate: rate, seed: 11, isCalm: true)
        world.start(0)
        load(world, every: rate.intervalNanoseconds / 4)
        func crashAgain(_ node: Simulation.Node) {
            world.after(3 * Simulation.second) {
                world.crash(node)
                crashAgain(world.start(1))
            }
        }
        crashAgain(world.start(1))
        world.run(seconds: 900)
        let possible = rate.burst + 900 * 600 / 60
        #expect(world.ledger.entries.count > possible / 2, "\(world.ledger.entries.count) of \(possible)")
        #expect(world.ledger.excess(burst: rate.burst, interval: rate.intervalNanoseconds) <= 1e-6)
    }

    @Test func `a node that is alone serves at once and has everything`() {
        let rate = Rate(perMinute: 600, burst: 120)
        let world = Simulation(rate: rate, seed: 3, isCalm: true)
        let node = world.start(0)
        world.run(seconds: 20)
        #expect(node.membership.regime.isAlone)
        for _ in 0..<200 { world.request(node) }
        #expect(world.ledger.entries.count == 120)
    }

    @Test func `a restart forgets nothing of what was spent, a crash gives nobody another burst`() {
        for crashes in [false, true] {
            let rate = Rate(perMinute: 60, burst: 60)
            let world = Simulation(rate: rate, seed: 5, isCalm: true)
            let first = world.start(0)
            world.run(seconds: 20)
            for _ in 0..<40 { world.request(first) }
            crashes ? world.crash(first) : world.leave(first)
            world.run(seconds: 5)
            let second = world.start(0)
            world.run(seconds: 15)
            #expect(second.membership.regime.isAlone)
            let before = world.ledger.entries.count
            for _ in 0..<100 { world.request(second) }
            let admitted = world.ledger.entries.count - before
            // 20 were left, and 20 seconds brought 20; after a crash nobody knows of what was left.
            #expect(crashes ? (1...20).contains(admitted) : (36...40).contains(admitted), "\(admitted)")
            #expect(world.ledger.excess(burst: 60, interval: rate.intervalNanoseconds) <= 1e-6)
        }
    }

    @Test func `when a node leaves, the others grow back`() {
        let world = Simulation(rate: Rate(perMinute: 600, burst: 120), seed: 9, isCalm: true)
        let first = world.start(0)
        let second = world.start(1)
        world.run(seconds: 60)
        #expect(
            first.membership.regime.nodes == 2 && second.membership.regime.nodes == 2)
        world.leave(second)
        world.run(seconds: 30)
        #expect(first.membership.regime.isAlone)
    }
}

extension Regime {
    var nodes: Int {
        if case .sharing(let nodes, _, _) = self { nodes } else { isAlone ? 1 : 0 }
    }

    var isAlone: Bool {
        if case .alone = self { true } else { false }
    }
}
