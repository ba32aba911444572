// The HTTP/1.1 client of our side: whatever a tool, a webhook or a provider asks of another server goes through here, and so through the
// address guard, on every hop. There is no way around it: no proxy of the environment, no second look-up between judging and dialling.
// Contents are taken in the identity coding alone, so that a limit of bytes means what it says. Bounds: `ClientRequest`, `ClientLoop`.

import Base
import Loop
import Synchronization

/// Sends requests to other servers.
public final class OutgoingClient: Sendable {
    private let group: LoopGroup
    private let loops: [ClientLoop]
    let rule: AddressGuard
    let pool: BlockingPool
    private let trustFile: String?
    private let trust = Mutex<TLSContext?>(nil)

    /// A client for the loops of `group`. Nothing is read or opened before the first request.
    /// - Parameters:
    ///   - rule: decides which addresses are connected to.
    ///   - pool: resolves names, which blocks.
    ///   - trustFile: certificates in PEM to trust instead of the system's.
    public init(group: LoopGroup, rule: AddressGuard, pool: BlockingPool, trustFile: String? = nil) {
        self.group = group
        self.rule = rule
        self.pool = pool
        self.trustFile = trustFile
        loops = group.loops.map { ClientLoop($0) }
    }

    /// Sends `request` and reads the whole answer. May be called from anywhere; on one of the group's loops it stays there.
    /// - Throws: `.invalid` for requests that can't be sent, `.outboundRefused` for targets that may not be reached, `.outboundUnreachable`
    ///   when nothing could be sent, `.outboundFailed` when the other side breaks off or breaks the protocol, `.timedOut`, `.contentTooLarge`, `.cancelled`, `.overloaded`.
    public func send(_ request: ClientRequest) async throws(Fault) -> ClientResponse {
        if let part = current { return try await collect(request, part) }
        let part = loops[0]
        let task = Task(executorPreference: part.loop) { () async -> Result<ClientResponse, Fault> in
            do throws(Fault) {
                return .success(try await self.collect(request, part))
            } catch {
                return .failure(error)
            }
        }
        let result = await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
        return try result.get()
    }

    /// Sends `request` and hands the answer to `body` when its head is there; the connection is kept or closed when `body` returns.
    /// Called from a task of one of the group's loops, where `body` runs too.
    /// - Throws: as `send`, and what `body` throws.
    public func withResponse<Value>(
        to request: ClientRequest, _ body: (ClientStream) async throws(Fault) -> Value
    ) async throws(Fault) -> Value {
        guard let part = current else { preconditionFailure("a response is streamed on one of the client's loops") }
        let flight = ClientFlight(loop: part.loop, timeoutMilliseconds: request.timeoutMilliseconds)
        let result: Result<Value, Fault> = await withTaskCancellationHandler {
            do throws(Fault) {
                return .success(try await perform(request, flight, part, body))
            } catch {
                return .failure(error)
            }
        } onCancel: {
            part.loop.spawn { flight.cancel() }
        }
        return try result.get()
    }

    /// Connections that are open now and connections that wait, on all loops.
    public func connectionCounts() async -> (open: Int, idle: Int) {
        var counts = (open: 0, idle: 0)
        for part in loops {
            let (open, idle) = await part.loop.call { (part.openCount, part.idleCount) }
            counts = (counts.open + open, counts.idle + idle)
        }
        return counts
    }

    /// Closes the connections that wait and refuses new requests; requests under way end by themselves.
    public func stop() async {
        for part in loops { await part.loop.call { part.stop() } }
    }

    var current: ClientLoop? {
        guard let loop = EventLoop.current, loop.index < loops.count, loops[loop.index].loop === loop else { return nil }
        return loops[loop.index]
    }

    // MARK: The line of a request

    private func collect(_ request: ClientRequest, _ part: ClientLoop) async throws(Fault) -> ClientResponse {
        try await withResponse(to: request) { (stream) async throws(Fault) -> ClientResponse in
            let body = try await stream.collect()
            return ClientResponse(
                status: stream.status, headers: stream.headers, body: body, url: stream.url, redirectCount: stream.redirectCount,
                isTruncated: stream.isTruncated, timings: stream.timings)
        }
    }

    private func perform<Value>(
        _ request: ClientRequest, _ flight: ClientFlight, _ part: ClientLoop, _ body: (ClientStream) async throws(Fault) -> Value
    ) async throws(Fault) -> Value {
        var hop = try ClientHop(request)
        var redirects = 0
        while true {
            let connection = try await followed(redirects) { () async throws(Fault) in try await exchange(hop, flight, part) }
            defer {
                flight.hold(nil)
                part.finish(connection)
            }
            if request.maxRedirects > 0, let next = try hop.redirected(by: connection.head) {
                redirects += 1
                guard redirects <= request.maxRedirects else {
                    throw Fault(.outboundFailed, "\(request.url.hostname) redirects more than \(request.maxRedirects) times.")
                }
                try await skipBody(connection, flight)
                hop = next
                continue
            }
            return try await body(ClientStream(connection, flight, request, url: hop.url, redirectCount: redirects))
        }
    }

    /// Behind a redirect the request was sent and heard at least once, so that whatever fails now is no proof of the contrary.
    private func followed<Value>(
        _ redirects: Int, _ body: () async throws(Fault) -> Value
    ) async throws(Fault) -> Value {
        do throws(Fault) {
            return try await body()
        } catch {
            let saysUnsent = error.code == .outboundUnreachable || error.code == .overloaded
            throw redirects > 0 && saysUnsent ? Fault(.outboundFailed, error.message, cause: error.cause) : error
        }
    }

    /// Reads past the body of a redirect when it is short, to save the connection.
    private func skipBody(_ connection: ClientConnection, _ flight: ClientFlight) async throws(Fault) {
        var rest = 16 << 10
        if case .fixed(let count) = connection.head.bodyLength, count > rest { return }
        guard connection.head.keepAlive else { return }
        while rest > 0, let piece = try await connection.readPiece(flight) { rest -= piece.count }
    }

    /// Sends one message and reads the head of its answer: over a connection that waits, or a new one. A connection that waited may have
    /// been closed by its peer at that very moment; then, and only if a second try does no harm, a new one is made.
    private func exchange(_ hop: ClientHop, _ flight: ClientFlight, _ part: ClientLoop) async throws(Fault) -> ClientConnection {
        try flight.check()
        flight.timings.reusedConnection = false
        if let connection = part.takeIdle(hop.origin, rule) {
            flight.hold(connection.transport.socket)
            flight.timings.reusedConnection = true
            do throws(Fault) {
                try await connection.exchange(hop, flight)
                return connection
            } catch {
                let isWorthRetrying = error.code == .outboundFailed && !connection.hasHeard && hop.isIdempotent && !flight.isOver
                flight.hold(nil)
                part.close(connection)
                guard isWorthRetrying else { throw error }
                flight.timings.reusedConnection = false
            }
        }
        let connection = try await open(hop.origin, flight, part)
        do throws(Fault) {
            try await connection.exchange(hop, flight)
            return connection
        } catch {
            flight.hold(nil)
            part.close(connection)
            throw error
        }
    }

    // MARK: Opening

    private func open(_ origin: ClientOrigin, _ flight: ClientFlight, _ part: ClientLoop) async throws(Fault) -> ClientConnection
    {
        try part.takePlace()
        do throws(Fault) {
            let addresses = try await resolve(origin, flight)
            let (socket, address) = try await ClientDialler(origin: origin, flight: flight).connect(to: addresses)
            let transport = try await secure(socket, origin, flight)
            return ClientConnection(transport, origin: origin, address: address)
        } catch {
            flight.hold(nil)
            part.freePlace()
            // Told apart from an answer that is lost: of a request that was never sent it is known that it did nothing.
            throw error.code == .outboundFailed ? Fault(.outboundUnreachable, error.message, cause: error.cause) : error
        }
    }

    /// The addresses of the origin's host, all of which the guard permits.
    func resolve(_ origin: ClientOrigin, _ flight: ClientFlight) async throws(Fault) -> [IPAddress] {
        let addresses: [IPAddress]
        switch origin.host {
        case .address(let address): addresses = [address]
        default:
            let began = Instant.now
            addresses = try await ClientLookup(flight: flight).addresses(origin.host.description, pool)
            flight.timings.dnsMilliseconds += Instant.now.milliseconds(since: began)
        }
        do throws(Fault) {
            _ = try rule.choose(from: addresses, port: origin.port)
        } catch {
            throw Fault(error.code, "\(origin.host) can't be reached. \(error.message)", cause: error.cause)
        }
        return addresses
    }

    private func secure(_ socket: StreamSocket, _ origin: ClientOrigin, _ flight: ClientFlight) async throws(Fault) -> Transport {
        guard origin.isSecure else { return Transport(socket, tls: nil) }
        let began = Instant.now
        defer { flight.timings.tlsMilliseconds += Instant.now.milliseconds(since: began) }
        do throws(Fault) {
            let context = try await trusted()
            try flight.check()
            let session = context.session(for: socket, connectingTo: origin.certificateName, isAddress: origin.isAddress)
            guard let session else { throw Fault(.outboundFailed, "TLS with \(origin.host) could not begin.") }
            socket.setDeadline(flight.deadline)
            do throws(SocketFailure) {
                try await session.handshake()
            } catch {
                let reason = session.verifyFailure.map { "its certificate was not accepted: \($0)" } ?? "the handshake failed"
                throw flight.fault(error, "There is no TLS with \(origin.host): \(reason).")
            }
            return Transport(socket, tls: session)
        } catch {
            socket.close()
            throw error
        }
    }

    /// The context with the trusted certificates, which are read once, off the loops: there are many.
    func trusted() async throws(Fault) -> TLSContext {
        if let context = trust.withLock({ $0 }) { return context }
        let context = try await pool.run { [trustFile] () throws(Fault) in try TLSContext(trustFile: trustFile) }
        trust.withLock { $0 = context }
        return context
    }
}
