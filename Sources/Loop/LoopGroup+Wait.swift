// How the main thread, which runs no loop, waits for work on one.

import Base
import Dispatch

extension LoopGroup {
    /// Runs `body` on the first loop while the calling thread, which must run none, waits for what it returns or throws.
    public func wait<Value: Sendable>(_ body: @escaping @Sendable () async throws(Fault) -> Value) throws(Fault) -> Value {
        precondition(EventLoop.current == nil, "a loop that waited for itself would wait for ever")
        let done = DispatchSemaphore(value: 0)
        let outcome = Outcome<Value>()
        loops[0].spawn {
            do throws(Fault) {
                outcome.result = .success(try await body())
            } catch {
                outcome.result = .failure(error)
            }
            done.signal()
        }
        done.wait()
        guard let result = outcome.result else { preconditionFailure("the signal comes after the result") }
        return try result.get()
    }

    /// The same for what can't fail.
    public func waitForEnd(of body: @escaping @Sendable () async -> Void) {
        let done = DispatchSemaphore(value: 0)
        loops[0].spawn {
            await body()
            done.signal()
        }
        done.wait()
    }

    // Written before the semaphore is signalled and read after it was waited for.
    private final class Outcome<Value: Sendable>: @unchecked Sendable {
        var result: Result<Value, Fault>?
    }
}
