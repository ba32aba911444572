// A WebSocket on a connection of the server: it carries bytes between the transport and the state machine, keeps the connection alive with
// pings, and ends it in order. Whoever handles the messages is called one message at a time; while he works nothing more is read, which
// is the back-pressure on the peer. Who reads too slowly is closed with 1013.
// Bounds: `WebSocketLimits`.

import Base
import Loop

/// An open WebSocket. Used on its loop's own thread.
public final class WebSocketConnection: ConnectionGuest, @unchecked Sendable {
    private let limits: WebSocketLimits
    private let handler: any WebSocketHandler
    private var machine: WebSocketProtocol
    private var stream: ConnectionStream?
    private var queue: OutgoingQueue?
    private var keeper: Sleeper?
    private var heard = Instant(nanoseconds: 0)
    private var pinged: Instant?
    private var closingUntil: Instant?
    private var isOver = false
    private var drains = false

    /// - Parameter limits: what the peer may do.
    public init(_ handler: any WebSocketHandler, limits: WebSocketLimits = WebSocketLimits()) {
        self.handler = handler
        self.limits = limits
        machine = WebSocketProtocol(.server, limits: limits)
    }

    /// Whether messages can be sent.
    public var isOpen: Bool { !isOver && machine.isOpen }

    /// Bytes that wait for the peer.
    public var waitingBytes: Int { queue?.count ?? 0 }

    // MARK: Sending

    /// Sends whole frames, which may be shared with other connections. When too much waits already, the connection is closed with 1013.
    public func send(_ frames: [UInt8]) {
        guard isOpen, let queue, !queue.add(frames) else { return }
        queue.forgetWaiting()
        // What the kernel holds for him comes first, and he has shown how quick he is.
        close(.tryAgainLater, "the reader is too slow", withinMilliseconds: Limits.writeDeadlineMilliseconds)
    }

    /// Sends a text.
    public func send(text: [UInt8]) {
        var frame: [UInt8] = []
        frame.appendWebSocketFrame(.text, text)
        send(frame)
    }

    /// Suspends until the peer has taken most of what may wait, or the connection is over.
    public func untilRoom() async {
        await queue?.until(atMost: limits.queuedBytes / 8)
    }

    /// Begins the end: the peer has `closeMilliseconds` to answer.
    public func close(_ code: WebSocketCloseCode, _ reason: String = "") {
        close(code, reason, withinMilliseconds: limits.closeMilliseconds)
    }

    private func close(_ code: WebSocketCloseCode, _ reason: String, withinMilliseconds: Int) {
        guard isOpen else { return }
        queue?.push(machine.close(code, reason))
        closingUntil = Instant.now.advanced(milliseconds: withinMilliseconds)
        keeper?.wake()
    }

    // MARK: The connection

    public func drain() {
        drains = true
        close(.goingAway, "the server stops")
    }

    public func serve(_ stream: ConnectionStream) async {
        self.stream = stream
        let queue = OutgoingQueue(stream, limitBytes: limits.queuedBytes)
        let keeper = Sleeper(loop: stream.loop)
        self.queue = queue
        self.keeper = keeper
        heard = .now
        let keeping = stream.loop.spawn { [self] in await keepAlive(keeper) }
        await handler.opened(self)
        if drains { close(.goingAway, "the server stops") }
        do throws(SocketFailure) {
            try await read(stream)
            // The last words leave before the connection does, and are not lost by a reset for what the peer still sends.
            await queue.until(atMost: 0)
            stream.finishWriting()
            if closingUntil != nil { while try await !stream.read().isEmpty {} }
        } catch {
            // The peer is gone, or was given up.
        }
        isOver = true
        queue.end()
        handler.ended(self)
        keeper.wake()
        await keeping.value
    }

    private func read(_ stream: ConnectionStream) async throws(SocketFailure) {
        while true {
            let bytes = try await stream.read()
            guard !bytes.isEmpty else { return }
            heard = .now
            for action in machine.receive(bytes, now: heard) {
                switch action {
                case .text(let text): await handler.received(text, on: self)
                case .binary: close(.unsupportedData, "messages are texts")
                // Of pongs the newest is enough (RFC 6455, section 5.5.3), so that who pings and never reads fills nothing.
                case .send(let bytes): if machine.isOpen { queue?.replace(bytes) } else { queue?.push(bytes) }
                case .pong: break
                case .ended:
                    closingUntil = closingUntil ?? heard.advanced(milliseconds: limits.closeMilliseconds)
                    keeper?.wake()
                    return
                }
            }
        }
    }

    /// Sends pings, and gives the connection up when nothing comes back or the peer does not answer a close.
    private func keepAlive(_ keeper: Sleeper) async {
        while !isOver {
            let now = Instant.now
            if let closingUntil {
                if closingUntil <= now { return abandon() }
                await keeper.wait(until: closingUntil)
                continue
            }
            if let pinged, heard < pinged, pinged.advanced(milliseconds: limits.pingMilliseconds) <= now { return abandon() }
            let next = heard.advanced(milliseconds: limits.pingMilliseconds)
            if next <= now, pinged.map({ $0 <= heard }) ?? true {
                var ping: [UInt8] = []
                ping.appendWebSocketFrame(.ping, [])
                queue?.push(ping)
                pinged = now
            }
            let awaited = pinged.flatMap { heard < $0 ? $0.advanced(milliseconds: limits.pingMilliseconds) : nil }
            await keeper.wait(until: awaited ?? max(next, now.advanced(milliseconds: 1)))
        }
    }

    private func abandon() {
        stream?.close()
        queue?.end()
    }
}
