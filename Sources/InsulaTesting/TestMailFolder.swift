// The folder that a server without SMTP writes its mail to, watched by the kernel: whoever waits for a mail is woken when a file gets its
// final name.

import Base
import Foundation
import Glibc
import Loop

/// A folder of mail that can be waited for.
@safe final class TestMailFolder: EventHandler, @unchecked Sendable {
    // Touched on its loop alone.

    private static let waitMilliseconds = 20_000

    let path: String
    let loop: EventLoop
    private let descriptor: Int32
    private var registration: EventLoop.Registration?
    private var waiters: [Sleeper] = []

    /// Makes the folder. On the thread of `loop`.
    init(_ path: String, on loop: EventLoop) {
        self.path = path
        self.loop = loop
        try? FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        descriptor = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
        let watch = unsafe inotify_add_watch(descriptor, path, UInt32(IN_MOVED_TO))
        precondition(watch >= 0, "the folder of mail can't be watched")
        registration = loop.register(descriptor, for: [.readable], handler: self)
    }

    func handle(_ events: EventSet) {
        var block = [UInt8](repeating: 0, count: 4_096)
        while unsafe read(descriptor, &block, block.count) > 0 {}
        for waiter in waiters { waiter.wake() }
    }

    /// The mail to an address so far, oldest first.
    func mail(to address: String) -> [TestMail] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        // An id begins with the time at which the mail was made.
        return names.filter { $0.hasSuffix(".eml") && !$0.hasPrefix(".") }.sorted()
            .compactMap { FileManager.default.contents(atPath: "\(path)/\($0)") }
            .map { TestMail(Array($0)) }.filter { $0.recipient == address }
    }

    /// The same once there are at least `count`.
    func mail(to address: String, count: Int) async throws(Fault) -> [TestMail] {
        let deadline = Instant.now.advanced(milliseconds: TestMailFolder.waitMilliseconds)
        let sleeper = Sleeper(loop: loop)
        waiters.append(sleeper)
        defer { waiters.removeAll { $0 === sleeper } }
        while true {
            let found = mail(to: address)
            if found.count >= count { return found }
            guard Instant.now < deadline else {
                throw Fault(.timedOut, "There are \(found.count) mails to \(address) and not \(count).")
            }
            await sleeper.wait(until: deadline)
        }
    }

    func stop() {
        if let registration { loop.unregister(descriptor, registration) }
        registration = nil
        close(descriptor)
    }
}
