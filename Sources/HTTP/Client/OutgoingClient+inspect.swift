// Looking at other servers without asking them for anything: their addresses, judged by the guard, and how they begin TLS. Behind the same
// guard as requests: an address is judged and dialled from one look-up.

import Base
import COpenSSL
import Loop

extension OutgoingClient {
    /// Begins TLS with a server and ends the connection. A certificate that would not be accepted is told, not refused.
    /// Called from a task of one of the client's loops.
    /// - Throws: as `send`; `.outboundFailed` when there is no TLS of version 1.2 or later.
    public func inspectTLS(_ url: WebURL, timeoutMilliseconds: Int) async throws(Fault) -> TLSReport {
        try await guarded(url, timeoutMilliseconds) { origin, flight, part throws(Fault) in
            try part.takePlace()
            defer { part.freePlace() }
            let addresses = try await self.resolve(origin, flight)
            let (socket, address) = try await ClientDialler(origin: origin, flight: flight).connect(to: addresses)
            defer {
                flight.hold(nil)
                socket.close()
            }
            let context = try await self.trusted()
            try flight.check()
            let session = context.session(for: socket, connectingTo: origin.certificateName, isAddress: origin.isAddress)
            guard let session else { throw Fault(.outboundFailed, "TLS with \(origin.host) could not begin.") }
            unsafe SSL_set_verify(session.ssl, SSL_VERIFY_NONE, nil)
            socket.setDeadline(flight.deadline)
            do throws(SocketFailure) {
                try await session.handshake()
            } catch {
                throw flight.fault(error, "There is no TLS of version 1.2 or later with \(origin.host).")
            }
            let report = TLSReport(session, address: address)
            session.finishWriting()
            return report
        }
    }

    /// The addresses of the URL's host, all of which the guard permits for its port.
    /// Called from a task of one of the client's loops.
    /// - Throws: `.outboundRefused` when one of them may not be reached; `.outboundFailed` when there is none; `.timedOut`, `.cancelled`.
    public func addresses(of url: WebURL, timeoutMilliseconds: Int) async throws(Fault) -> [IPAddress] {
        try await guarded(url, timeoutMilliseconds) { origin, flight, _ throws(Fault) in
            try await self.resolve(origin, flight)
        }
    }

    /// Judges addresses that somebody else has looked up.
    /// - Throws: `.outboundRefused` when one of them may not be reached.
    public func judge(_ addresses: [IPAddress], port: Int) throws(Fault) {
        if !addresses.isEmpty { _ = try rule.choose(from: addresses, port: port) }
    }

    private func guarded<Value>(
        _ url: WebURL, _ timeoutMilliseconds: Int,
        _ body: (ClientOrigin, ClientFlight, ClientLoop) async throws(Fault) -> Value
    ) async throws(Fault) -> Value {
        guard let part = current else { preconditionFailure("a server is looked at on one of the client's loops") }
        let origin = try ClientOrigin(url)
        let flight = ClientFlight(loop: part.loop, timeoutMilliseconds: timeoutMilliseconds)
        let result: Result<Value, Fault> = await withTaskCancellationHandler {
            do throws(Fault) {
                return .success(try await body(origin, flight, part))
            } catch {
                return .failure(error)
            }
        } onCancel: {
            part.loop.spawn { flight.cancel() }
        }
        return try result.get()
    }
}
