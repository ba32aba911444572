// Reaching a loop from elsewhere: a call that runs there and answers here.

extension EventLoop {
    /// Runs `body` as a task of this loop and waits for what it returns.
    public func call<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            spawn { continuation.resume(returning: await body()) }
        }
    }
}
