// A stream of bytes for protocols other than HTTP: TCP that is plain at first and may become TLS once, on either side. No guard judges
// where it goes: it is for servers that the operator has named. Used on its loop's own thread.
// Bounds: every wait has a deadline that the caller gives.

import Base
import Loop

/// A connection whose bytes another protocol reads and writes.
@safe public final class ByteStream: @unchecked Sendable {
    // Touched on the loop of its socket alone.

    private var transport: Transport

    /// Takes over a connected socket, such as one that a listener accepted.
    public init(_ socket: StreamSocket) {
        transport = Transport(socket, tls: nil)
    }

    /// Connects to a host on the calling task's loop. A cancelled task gives up at once.
    /// - Parameters:
    ///   - names: takes the look-up of the name, which blocks.
    ///   - deadline: ends look-up and attempts.
    /// - Throws: `.timedOut`, `.cancelled`, `.outboundFailed` when the name has no address or nobody answers there.
    public static func dial(
        _ host: WebHost, port: Int, on loop: EventLoop, names: BlockingPool, deadline: Instant
    ) async throws(Fault) -> ByteStream {
        let flight = ClientFlight(loop: loop, timeoutMilliseconds: deadline.milliseconds(since: .now))
        let dialler = ClientDialler(origin: ClientOrigin(isSecure: false, host: host, port: port), flight: flight)
        let result: Result<ByteStream, Fault> = await withTaskCancellationHandler {
            do throws(Fault) {
                let addresses: [IPAddress]
                switch host {
                case .address(let address): addresses = [address]
                default: addresses = try await ClientLookup(flight: flight).addresses(host.description, names)
                }
                let (socket, _) = try await dialler.connect(to: addresses)
                flight.hold(nil)
                return .success(ByteStream(socket))
            } catch {
                return .failure(error)
            }
        } onCancel: {
            loop.spawn { flight.cancel() }
        }
        return try result.get()
    }

    /// Whether the bytes are under TLS.
    public var isSecure: Bool { transport.isSecure }

    // MARK: TLS

    /// Becomes TLS as a client that accepts no other peer than `host`, by a certificate that `context` trusts.
    /// - Throws: `.timedOut`; `.outboundFailed` with the reason when there is no TLS or the certificate is not accepted.
    public func secure(_ context: TLSContext, connectingTo host: WebHost, deadline: Instant) async throws(Fault) {
        let origin = ClientOrigin(isSecure: true, host: host, port: 0)
        let session = context.session(
            for: transport.socket, connectingTo: origin.certificateName, isAddress: origin.isAddress)
        try await secure(session, deadline)
    }

    /// Becomes TLS as a server with the certificates of `context`.
    /// - Throws: as the other side.
    public func secureAsServer(_ context: TLSContext, deadline: Instant) async throws(Fault) {
        try await secure(context.session(for: transport.socket), deadline)
    }

    private func secure(_ session: TLSSession?, _ deadline: Instant) async throws(Fault) {
        precondition(!isSecure, "a stream becomes TLS once")
        guard let session else { throw Fault(.outboundFailed, "TLS could not begin.") }
        transport.setDeadline(deadline)
        do throws(SocketFailure) {
            try await session.handshake()
        } catch .timedOut {
            throw ByteStream.fault(.timedOut)
        } catch {
            let reason = session.verifyFailure.map { "the certificate was not accepted: \($0)" } ?? "the handshake failed"
            throw Fault(.outboundFailed, "There is no TLS: \(reason).")
        }
        transport = Transport(transport.socket, tls: session)
    }

    // MARK: Bytes

    /// Reads at least one byte and at most `limit`; empty at the end of the stream.
    /// - Throws: `.timedOut`, `.outboundFailed` when the connection is lost.
    public func read(upTo limit: Int, deadline: Instant) async throws(Fault) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: limit)
        do throws(SocketFailure) {
            transport.setDeadline(deadline)
            while true {
                if let count = try transport.readNow(into: &buffer, 0..<limit) { return Array(buffer.prefix(count)) }
                try await transport.untilReadable()
            }
        } catch {
            throw ByteStream.fault(error)
        }
    }

    /// Writes all of `bytes`.
    /// - Throws: `.timedOut`, `.outboundFailed` when the connection is lost.
    public func write(_ bytes: [UInt8], deadline: Instant) async throws(Fault) {
        do throws(SocketFailure) {
            try await transport.write(bytes, until: deadline)
        } catch {
            throw ByteStream.fault(error)
        }
    }

    /// Tells the peer that no more will be written.
    public func finishWriting() {
        transport.finishWriting()
    }

    /// Closes the connection; waits under way end. May be called again.
    public func close() {
        transport.close()
    }

    private static func fault(_ failure: SocketFailure) -> Fault {
        switch failure {
        case .timedOut: Fault(.timedOut, "The remote server did not answer in time.")
        case .closed: Fault(.outboundFailed, "The connection was lost.")
        case .kernel(let code): Fault(.outboundFailed, "The connection was lost.", cause: "errno \(code)")
        }
    }
}
