import Base
import Loop
import Synchronization
import Testing

@Suite struct EventLoopTests {
    /// Runs `body` as a task of a fresh group's first loop and gives back what it returns.
    private func onLoop<Value: Sendable>(
        loops: Int = 1, _ body: @escaping @Sendable (LoopGroup) async -> Value
    ) async -> Value {
        let group = LoopGroup(count: loops)
        let value = await withCheckedContinuation { continuation in
            group.loops[0].spawn { continuation.resume(returning: await body(group)) }
        }
        group.stop()
        return value
    }

    @Test func `a task stays on its loop across suspensions`() async {
        let stayed = await onLoop(loops: 2) { group in
            var stayed = group.loops[0].isCurrent
            for _ in 0..<100 {
                await Task.yield()
                stayed = stayed && group.loops[0].isCurrent
            }
            await group.loops[0].sleep(milliseconds: 1)
            return stayed && group.loops[0].isCurrent
        }
        #expect(stayed)
    }

    @Test func `sleeps end in the order of their deadlines and never early`() async {
        let order = Mutex<[Int]>([])
        await onLoop { group in
            await withTaskGroup(of: Int?.self) { tasks in
                for delay in [120, 40, 80, 0] {
                    tasks.addTask {
                        let begun = Instant.now
                        await group.loops[0].sleep(milliseconds: delay)
                        return Instant.now.milliseconds(since: begun) >= delay ? delay : nil
                    }
                }
                for await delay in tasks { order.withLock { $0.append(delay ?? -1) } }
            }
        }
        #expect(order.withLock { $0 } == [0, 40, 80, 120])
    }

    @Test func `a cancelled sleep ends at once`() async {
        let ended = await onLoop { group in
            let task = group.loops[0].spawn { await group.loops[0].sleep(milliseconds: 3_600_000) }
            await Task.yield()
            task.cancel()
            await task.value
            return true
        }
        #expect(ended)
    }

    @Test func `work from many threads reaches a loop, none of it lost`() async {
        let pool = BlockingPool(name: "test", threads: 4, queueLimit: 2000)
        let sum = await onLoop { _ in
            await withTaskGroup(of: Int.self) { tasks in
                for number in 1...1000 {
                    tasks.addTask {
                        (try? await pool.run { () throws(Fault) in number }) ?? 0
                    }
                }
                return await tasks.reduce(0, +)
            }
        }
        #expect(sum == 500_500)
    }
}
