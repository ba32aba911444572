// A named POSIX thread. All signals are blocked in it: they belong to the main thread, which waits for them.

import CLinux
import Glibc

/// A thread that runs one body to its end.
@safe public struct Thread: @unchecked Sendable {
    private let handle: pthread_t

    /// Starts a thread; `name` is cut to the 15 bytes that the kernel keeps.
    public init(name: String, _ body: @escaping @Sendable () -> Void) {
        var handle = pthread_t()
        let box = unsafe Unmanaged.passRetained(Body(name: name, run: body)).toOpaque()
        let result = unsafe pthread_create(
            &handle, nil,
            { argument in
                let body = unsafe Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue()
                var signals = sigset_t()
                unsafe sigfillset(&signals)
                unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
                unsafe body.name.withCString { unsafe insula_name_thread($0) }
                body.run()
                return nil
            }, box)
        precondition(result == 0, "the kernel gave no thread")
        self.handle = handle
    }

    /// Lets the thread go: nobody waits for it, and what it holds is given back when it ends.
    public func detach() {
        pthread_detach(handle)
    }

    /// Waits for the thread to end.
    public func join() {
        _ = pthread_join(handle, nil)
    }

    private final class Body {
        let name: String
        let run: @Sendable () -> Void

        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = String(decoding: name.utf8.prefix(15), as: UTF8.self)
            self.run = run
        }
    }
}
