// Waiting on the clock: a sleep that suspends the calling task, and the deadline that guards some other wait.

import Base

extension EventLoop {
    /// Sets or moves the deadline of `entry`, which then fires on this loop.
    public func setTimer(_ entry: TimerEntry, to deadline: Instant) {
        wheel.set(entry, to: deadline)
    }

    /// Takes `entry` off the clock.
    public func cancelTimer(_ entry: TimerEntry) {
        wheel.cancel(entry)
    }

    /// Suspends the calling task, which must live on this loop, for at least that long. Returns early when the task is cancelled.
    public func sleep(milliseconds: Int) async {
        let sleeper = Sleeper(loop: self)
        await withTaskCancellationHandler {
            await sleeper.wait(until: Instant.now.advanced(milliseconds: milliseconds))
        } onCancel: {
            self.spawn { sleeper.wake() }
        }
    }
}

/// A task that waits for the clock or for a call, whichever comes first. Used on its loop's own thread.
@safe public final class Sleeper: TimerEntry, @unchecked Sendable {
    private unowned let loop: EventLoop
    private var waiter: UnsafeContinuation<Void, Never>?
    private var woken = false

    public init(loop: EventLoop) {
        self.loop = loop
    }

    /// Suspends until `deadline` or `wake`; returns at once when `wake` came since the last wait.
    public func wait(until deadline: Instant) async {
        if !woken {
            unsafe await withUnsafeContinuation { continuation in
                unsafe waiter = continuation
                loop.wheel.set(self, to: deadline)
            }
        }
        woken = false
    }

    /// Ends the wait under way, or the next one. On the loop's thread.
    public func wake() {
        woken = true
        loop.wheel.cancel(self)
        resume()
    }

    override func fire() {
        resume()
    }

    private func resume() {
        guard let continuation = unsafe waiter else { return }
        unsafe waiter = nil
        unsafe continuation.resume()
    }
}
