// An SMTP server on loopback that takes mail, or misbehaves as a test tells it. It writes down every command, and whether it came under
// TLS, so that a test can say what was never sent.

import Base
import Crypto
import HTTP
import Loop
import Synchronization

/// A server for mail that tests may break.
public final class FakeSMTPServer: Sendable {
    /// Where in a conversation something happens.
    public enum Stage: String, Sendable, CaseIterable {
        case greeting
        case hello = "EHLO"
        case startTLS = "STARTTLS"
        case authentication = "AUTH"
        case sender = "MAIL"
        case recipient = "RCPT"
        case data = "DATA"
        /// After the dot.
        case content
        case quit = "QUIT"
    }

    /// What it does in place of what is right.
    public enum Deed: Sendable {
        /// These bytes, as they are.
        case say(String)
        /// Nothing, until the client gives up.
        case hang
        case close
        /// Bytes without an end, until the client gives up.
        case flood(String)
    }

    /// How it speaks.
    public struct Manner: Sendable {
        /// TLS from the first byte.
        public var isImplicit = false
        public var offersStartTLS = true
        public var mechanisms = ["PLAIN", "LOGIN"]
        /// What it does otherwise at a stage, by the number of the connection, from 1.
        public var deed: @Sendable (Stage, Int) -> Deed? = { _, _ in nil }

        public init() {}
    }

    /// A line of a client.
    public struct Command: Sendable, Equatable {
        public let line: String
        public let isSecure: Bool

        public init(_ line: String, isSecure: Bool) {
            self.line = line
            self.isSecure = isSecure
        }
    }

    /// A mail that was taken.
    public struct Taken: Sendable {
        public let sender: String
        public let recipients: [String]
        /// Without the dots that SMTP adds.
        public let content: [UInt8]
        /// `user:password` of whoever logged in.
        public let login: String?
        public let isSecure: Bool
        public var mail: TestMail { TestMail(content) }
    }

    private struct State {
        var commands: [Command] = []
        var taken: [Taken] = []
        var connections = 0
        var waiters: [Sleeper] = []
    }

    public let port: UInt16
    let manner: Manner
    let tls: TLSContext?
    private let loop: EventLoop
    private let listener: Listener
    private let state = Mutex(State())

    static let waitMilliseconds = 20_000

    /// Listens on a free port of loopback. On the thread of `loop`.
    /// - Parameter certificate: what it shows; without one there is no TLS.
    public init(on loop: EventLoop, certificate: TestCertificate? = nil, _ manner: Manner = Manner()) throws(Fault) {
        self.loop = loop
        self.manner = manner
        tls = try certificate.map { (files) throws(Fault) in try TLSContext(certificateFile: files.file, keyFile: files.keyFile) }
        listener = try Listener(.v4(0x7F00_0001, port: 0), on: loop)
        port = listener.address.port
        listener.start { [unowned self] socket, _ in
            let number = state.withLock { state in
                state.connections += 1
                return state.connections
            }
            loop.spawn { await FakeSMTPConversation(self, ByteStream(socket), number: number).run() }
        }
    }

    /// Listens no more. On the thread of its loop.
    public func stop() {
        listener.stop()
    }

    // MARK: What it saw

    /// All lines that clients sent, but for mail.
    public var commands: [Command] { state.withLock { $0.commands } }
    /// The mail that was taken.
    public var taken: [Taken] { state.withLock { $0.taken } }
    /// How many connections came.
    public var connectionCount: Int { state.withLock { $0.connections } }

    /// The mail that was taken, once there are at least `count`. On the thread of its loop.
    /// - Throws: `.timedOut` when they did not come.
    public func taken(count: Int) async throws(Fault) -> [Taken] {
        try await wait { taken.count >= count }
        return taken
    }

    /// Returns once a line was sent that begins so. On the thread of its loop.
    public func heard(_ beginning: String, count: Int = 1) async throws(Fault) {
        try await wait { commands.count { $0.line.hasPrefix(beginning) } >= count }
    }

    private func wait(_ condition: () -> Bool) async throws(Fault) {
        let deadline = Instant.now.advanced(milliseconds: FakeSMTPServer.waitMilliseconds)
        let sleeper = Sleeper(loop: loop)
        state.withLock { $0.waiters.append(sleeper) }
        defer { state.withLock { $0.waiters.removeAll { $0 === sleeper } } }
        while !condition() {
            guard Instant.now < deadline else { throw Fault(.timedOut, "The fake server heard no more: \(commands)") }
            await sleeper.wait(until: deadline)
        }
    }

    func note(_ command: Command) {
        for waiter in state.withLock({ state in
            state.commands.append(command)
            return state.waiters
        }) { waiter.wake() }
    }

    func take(_ taken: Taken) {
        for waiter in state.withLock({ state in
            state.taken.append(taken)
            return state.waiters
        }) { waiter.wake() }
    }
}
