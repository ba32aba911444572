// One request and its answer, with the buffers they need. Exchanges are borrowed while a connection has work and used again, so that
// a request costs no allocation once the buffers have grown. The straight line: parse, answer, send, and on to the next.
// Bounds: the head by its parser; output is sent as soon as it passes `flushBytes`.

import Base
import Loop

/// A request to be answered once.
public final class Exchange {
    static let flushBytes = 64 << 10
    /// A head at its bound, with the empty line before it and the byte that is too much.
    private static let inputBytes = Limits.requestHeadBytes + 8
    /// Requests in a row of one connection, and reads in a row of one body, before other tasks of the loop have their turn.
    static let turns = 64
    /// Buffers that grew beyond this are let go after use.
    private static let keptBytes = 256 << 10

    /// The head of the request.
    public let head = RequestHead()
    /// When the head was whole.
    public internal(set) var received = Instant(nanoseconds: 0)
    /// The status that was answered; 0 before.
    public internal(set) var status = 0
    /// The bytes of the answer's body.
    public internal(set) var bodyBytesSent = 0

    let server: ServerLoop
    var connection: Connection?
    private var parser = RequestHeadParser()
    var input: [UInt8] = []
    var start = 0
    var end = 0
    var output: [UInt8] = []
    var body: [UInt8] = []
    var bodyState = BodyState.none
    var phase = Phase.waiting
    var isBodyless = false
    /// Where the answer, and its body, begin in `output`.
    var answerAt = 0
    var answerBodyAt = 0
    private var isFlushing = false
    var closing = false
    private var headDeadline = Instant(nanoseconds: 0)
    var fills = 0
    var bodyDeadline = Instant(nanoseconds: 0)

    /// `lost`: the answer broke off, because the peer went away or the responder gave up.
    enum Phase { case waiting, streaming, answered, lost }

    init(server: ServerLoop) {
        self.server = server
    }

    /// The loop that this exchange lives on.
    public var loop: EventLoop { server.loop }
    /// The peer's address as the kernel knows it.
    public var peer: SocketAddress { connection?.peer ?? .v4(0, port: 0) }
    /// Whether the connection is TLS.
    public var isSecure: Bool { connection?.transport.isSecure ?? false }

    var transport: Transport {
        guard let connection else { preconditionFailure("an exchange is used while it is attached") }
        return connection.transport
    }

    func attach(_ connection: Connection) {
        self.connection = connection
        parser = RequestHeadParser()
        if input.isEmpty { input = [UInt8](repeating: 0, count: Exchange.inputBytes) }
        start = 0
        end = 0
        closing = false
        headDeadline = Instant(nanoseconds: 0)
        bodyDeadline = Instant(nanoseconds: 0)
        forgetHead()
    }

    func release() {
        connection = nil
        if output.capacity > Exchange.keptBytes { output = [] }
        if body.capacity > Exchange.keptBytes { body = [] }
        output.removeAll(keepingCapacity: true)
        body.removeAll(keepingCapacity: true)
    }

    // MARK: The line of a connection

    /// Answers requests until there are no more bytes. `false` when the connection is to be closed.
    func run() async throws(SocketFailure) -> Bool {
        var turn = 0
        while !closing {
            switch parse(input) {
            case .head(let consumed):
                start += consumed
                received = server.loop.now
                try await answer()
                if connection?.isHandedOver(early: Array(input[start..<end])) == true {
                    try await flush()
                    return false
                }
                if output.count > Exchange.flushBytes { try await flush() }
                turn += 1
                if turn % Exchange.turns == 0 { await Task.yield() }
            case .incomplete:
                if start == end {
                    start = 0
                    end = 0
                    try await flush()
                    if try fillNow() == nil { return true }
                    if start == end { return false }
                } else {
                    try await flush()
                    guard try await fillHead() else { break }
                }
            case .refused(let refusal):
                prepare(bodyLength: .none)
                received = server.loop.now
                closing = true
                server.responder.refuse(refusal.fault, on: self)
            }
        }
        try await flush()
        await linger()
        return false
    }

    /// A function of its own, so that the span lives as long as its argument.
    private func parse(_ bytes: [UInt8]) -> RequestHeadParser.Outcome {
        parser.parse(bytes.span.extracting(start..<end), into: head)
    }

    /// Reads without suspending. `nil` when there was nothing; at the end of the stream nothing is added.
    private func fillNow() throws(SocketFailure) -> Int? {
        guard let count = try transport.readNow(into: &input, end..<input.count) else { return nil }
        end += count
        return count
    }

    /// Reads more of a head that has begun, within its deadline. `false` when it will never be whole: the end came, or the deadline.
    private func fillHead() async throws(SocketFailure) -> Bool {
        connection?.isIdle = true
        defer { connection?.isIdle = false }
        if start > 0 {
            unsafe input.withUnsafeMutableBytes { bytes in
                unsafe bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
            }
            end -= start
            start = 0
        }
        if headDeadline.nanoseconds == 0 {
            headDeadline = server.loop.now.advanced(milliseconds: server.limits.headMilliseconds)
        }
        transport.setDeadline(headDeadline)
        do throws(SocketFailure) {
            while true {
                if let count = try fillNow() {
                    if count == 0 { closing = true }
                    return count > 0
                }
                try await transport.untilReadable()
            }
        } catch .timedOut {
            prepare(bodyLength: .none)
            received = server.loop.now
            closing = true
            server.responder.refuse(Fault(.requestTimeout, "The request's head did not arrive in time."), on: self)
            return false
        }
    }

    private func answer() async throws(SocketFailure) {
        headDeadline = Instant(nanoseconds: 0)
        prepare(bodyLength: head.bodyLength)
        if !head.keepAlive || server.draining { closing = true }
        guard server.inFlight < server.limits.requestsInFlightPerLoop else {
            server.shed.add()
            closing = true
            server.responder.refuse(Fault(.overloaded, "The server is busy. Try again shortly.", retryAfterSeconds: 1), on: self)
            return
        }
        server.inFlight += 1
        if !output.isEmpty { connection?.sendBeforeWaiting() }
        await server.responder.respond(to: self)
        server.inFlight -= 1
        precondition(phase != .waiting, "a responder answers every request")
        if phase == .streaming { abandonStream() }
        try await discardBody()
        forgetHead()
    }

    private func prepare(bodyLength: BodyLength) {
        phase = .waiting
        status = 0
        bodyBytesSent = 0
        bodyState = BodyState(bodyLength)
        body.removeAll(keepingCapacity: true)
    }

    /// What a refusal may see of a head that was never whole: nothing of the request before it.
    private func forgetHead() {
        head.parts.method = .get
        head.parts.minorVersion = 1
        head.parts.bodyLength = .none
        head.parts.expectContinue = false
    }

    func flush() async throws(SocketFailure) {
        guard !output.isEmpty else { return }
        isFlushing = true
        defer { isFlushing = false }
        try await transport.write(output, stallMilliseconds: server.limits.writeMilliseconds)
        output.removeAll(keepingCapacity: true)
    }

    /// Sends what there is room for of the answers before one whose responder is waiting.
    func sendEarlier() {
        guard phase == .waiting, !isFlushing, !output.isEmpty else { return }
        do throws(SocketFailure) {
            output.removeFirst(try transport.writeNow(output, from: 0))
        } catch {
            // Whoever writes next meets the same failure, and can tell.
        }
    }

    /// Closing a socket with unread bytes would reset it and could destroy the last answer on its way: say that no more comes, and
    /// read what the peer still sends, within bounds.
    private func linger() async {
        transport.finishWriting()
        transport.setDeadline(server.loop.now.advanced(milliseconds: server.limits.lingerMilliseconds))
        var rest = 256 << 10
        do throws(SocketFailure) {
            while rest > 0 {
                guard let count = try transport.readNow(into: &input, 0..<input.count) else {
                    try await transport.untilReadable()
                    continue
                }
                if count == 0 { return }
                rest -= count
            }
        } catch {
            // Gone or silent: either way the connection is closed next.
        }
    }
}
