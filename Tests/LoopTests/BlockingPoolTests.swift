import Base
import Dispatch
import Loop
import Testing

@Suite struct BlockingPoolTests {
    @Test func `a full queue is refused at once and what was accepted still ends`() async {
        let pool = BlockingPool(name: "test", threads: 1, queueLimit: 2)
        let group = LoopGroup(count: 1)
        let entered = DispatchSemaphore(value: 0)
        let gate = DispatchSemaphore(value: 0)
        // All on one loop, so the order is certain: one job runs, two wait, the fourth finds the queue full and lets the first go on.
        let outcomes = await withCheckedContinuation { continuation in
            group.loops[0].spawn {
                async let first = attempt(pool) {
                    entered.signal()
                    gate.wait()
                }
                await Task.yield()
                blockUntilSignalled(entered)
                async let second = attempt(pool) {}
                async let third = attempt(pool) {}
                async let fourth = attempt(pool) {}
                let refused = await fourth
                gate.signal()
                continuation.resume(returning: [await first, await second, await third, refused])
            }
        }
        group.stop()
        #expect(outcomes == [nil, nil, nil, .overloaded])
    }

    @Test func `a stopped pool refuses`() async {
        let pool = BlockingPool(name: "test", threads: 1, queueLimit: 1)
        pool.stop()
        #expect(await attempt(pool) {} == .unavailable)
    }

    private func attempt(_ pool: BlockingPool, _ body: @escaping @Sendable () -> Void) async -> Fault.Code? {
        do throws(Fault) {
            try await pool.run { () throws(Fault) in body() }
            return nil
        } catch {
            return error.code
        }
    }

    private func blockUntilSignalled(_ semaphore: DispatchSemaphore) {
        semaphore.wait()
    }
}
