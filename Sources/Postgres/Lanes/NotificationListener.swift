// Wake-ups from the database: LISTEN on a connection of its own. PostgreSQL keeps no notification for those who don't listen, so the
// listener says when some may have been missed, and whoever listens then looks for himself. A connection may seem to be there and be dead:
// an empty query at every `beatMilliseconds` has to be answered, and what was sent before an answered one has been heard.

import Base
import CPostgres
import Loop

/// Listens on channels, and keeps listening.
@safe public final class NotificationListener: EventHandler, @unchecked Sendable {
    // Used on its loop's thread alone.

    /// What the listener tells.
    public enum Event: Sendable, Equatable {
        /// Listening began, or began again after a break: what was sent before may have been missed.
        case gap
        /// The connection broke: nothing is heard until the next `gap`.
        case lost
        /// A `NOTIFY` on one of the channels.
        case notification(channel: String, payload: String)
    }

    /// Between two signs of life, and how long one may take.
    public static let beatMilliseconds = 400

    private let connector: Connector
    private let channels: [String]
    private let deliver: @Sendable (Event) -> Void
    private let heard: @Sendable (Instant) -> Void
    private let sleeper: Sleeper
    private var life: Task<Void, Never>?
    private var connection: OpaquePointer?
    private var registration: EventLoop.Registration?
    private var isListening = false
    /// When the query was sent that is not answered yet.
    private var askedAt: Instant?
    /// When the query was sent whose answer has just come.
    private var answered: Instant?
    private var isStopped = false

    /// - Parameters:
    ///   - channels: names of lower-case letters, digits and underscores.
    ///   - role: the role to listen as; any may.
    ///   - heard: told a moment: what was sent before it has been delivered. Called on the thread of `loop`.
    ///   - deliver: called on the thread of `loop`.
    public init(
        _ target: ConnectionTarget, loop: EventLoop, pool: BlockingPool, channels: [String], role: String = "",
        heard: @escaping @Sendable (Instant) -> Void = { _ in }, deliver: @escaping @Sendable (Event) -> Void
    ) {
        let isPlain = channels.allSatisfy { name in
            !name.isEmpty && name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
        }
        precondition(!channels.isEmpty && isPlain, "a channel's name is lower-case letters, digits and underscores")
        connector = Connector(
            name: "listener-\(loop.index)", target: target,
            startup: .init(role: role, application: "insula listener \(loop.index)"), loop: loop, pool: pool)
        self.channels = channels
        self.heard = heard
        self.deliver = deliver
        sleeper = Sleeper(loop: loop)
    }

    /// Connects and listens until `stop`. From any thread.
    public func start() {
        life = connector.loop.spawn { await self.live() }
    }

    /// Ends the connection. On the loop's thread.
    public func stop() async {
        isStopped = true
        disconnect()
        sleeper.wake()
        await life?.value
    }

    private func live() async {
        var failures = 0
        while !isStopped {
            do throws(Fault) {
                let new = unsafe try await connector.connect(sleeper: sleeper) { isStopped }
                unsafe begin(unsafe new)
                while unsafe connection != nil {
                    await sleeper.wait(until: Instant.now.advanced(milliseconds: NotificationListener.beatMilliseconds))
                    if isListening { failures = 0 }
                    beat()
                }
            } catch {
                Log.write(.debug, "the database listener has no connection", ["cause": .text(error.cause ?? error.message)])
            }
            failures += 1
            await connector.pause(after: failures, sleeper: sleeper) { isStopped }
        }
    }

    private func begin(_ new: OpaquePointer) {
        unsafe connection = unsafe new
        registration = connector.loop.register(unsafe PQsocket(new), for: [.readable, .writable], handler: self)
        let sql = channels.map { "LISTEN \($0)" }.joined(separator: "; ")
        ask(sql)
    }

    /// Asks for a sign of life, or gives the connection up that owes one.
    private func beat() {
        guard unsafe connection != nil else { return }
        if let askedAt {
            let patience = isListening ? NotificationListener.beatMilliseconds : Connector.attemptMilliseconds
            if Instant.now.milliseconds(since: askedAt) >= patience { disconnect() }
        } else {
            ask("")
        }
    }

    private func ask(_ sql: String) {
        askedAt = .now
        guard unsafe PQsendQuery(connection, sql) == 1, unsafe PQflush(connection) >= 0 else { return disconnect() }
    }

    public func handle(_ events: EventSet) {
        guard unsafe connection != nil, let registration else { return }
        // Queries are small: the kernel takes each as soon as it has room, and from then on only reading matters.
        guard unsafe PQflush(connection) >= 0, unsafe PQconsumeInput(connection) == 1 else { return disconnect() }
        if unsafe PQflush(connection) == 0 {
            connector.loop.modify(unsafe PQsocket(connection), registration, for: .readable)
        }
        guard takeAnswer() else { return disconnect() }
        while unsafe connection != nil, let notification = unsafe PQnotifies(connection) {
            let event = unsafe Event.notification(
                channel: String(cString: notification.pointee.relname), payload: String(cString: notification.pointee.extra))
            unsafe PQfreemem(notification)
            if isListening { deliver(event) }
        }
        guard unsafe connection != nil, let answered else { return }
        self.answered = nil
        // What came with the answer or before it is delivered.
        heard(answered)
    }

    /// Reads what there is of the answer to the query under way. `false` when the query failed.
    private func takeAnswer() -> Bool {
        while let asked = askedAt, unsafe PQisBusy(connection) == 0 {
            if let result = unsafe PQgetResult(connection) {
                let succeeded = unsafe ResultMemory.succeeded(result)
                unsafe PQclear(result)
                if !succeeded { return false }
            } else {
                askedAt = nil
                answered = asked
                if !isListening {
                    isListening = true
                    deliver(.gap)
                }
            }
        }
        return true
    }

    private func disconnect() {
        guard let old = unsafe connection else { return }
        if let registration { connector.loop.unregister(unsafe PQsocket(old), registration) }
        registration = nil
        askedAt = nil
        answered = nil
        unsafe connection = nil
        if isListening { deliver(.lost) }
        isListening = false
        unsafe PQfinish(old)
        sleeper.wake()
    }
}
