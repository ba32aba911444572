// One connection to another server: sends a message, reads the head of its answer, then the body in pieces. Never more than one request
// at a time. Bounds: the head by its parser, interim answers by `interims`, each wait by the request's deadline.

import Base
import Loop

final class ClientConnection {
    // Lives on the loop of its socket and is touched on that thread alone.

    /// Interim answers (1xx) that are passed over for one request.
    private static let interims = 8
    /// Reads in a row before other tasks of the loop have their turn.
    private static let readsInTurn = 16
    private static let bufferBytes = Limits.responseHeadBytes + (4 << 10)

    let transport: Transport
    let origin: ClientOrigin
    /// The address that was judged and connected to.
    let address: IPAddress
    let head = ResponseHead()
    private(set) var input: [UInt8] = []
    /// Whether a byte of the answer under way has arrived.
    private(set) var hasHeard = false
    /// When the connection was put aside.
    var idleSince = Instant(nanoseconds: 0)
    private var reads = 0
    private var start = 0
    private var end = 0
    private var parser = ResponseHeadParser()
    private var body = Body.done

    private enum Body {
        case done
        case fixed(remaining: Int)
        case chunked(ChunkedDecoder)
        case untilClose
    }

    init(_ transport: Transport, origin: ClientOrigin, address: IPAddress) {
        self.transport = transport
        self.origin = origin
        self.address = address
    }

    /// Whether the answer is complete and the connection may carry another request.
    var isReusable: Bool {
        guard case .done = body else { return false }
        return head.keepAlive && start == end && hasHeard && !transport.socket.isClosed
    }

    /// Whether nothing came on a connection that was put aside: neither an end nor bytes that nobody asked for.
    func isQuiet() -> Bool {
        var byte: [UInt8] = [0]
        do throws(SocketFailure) {
            return try transport.readNow(into: &byte, 0..<1) == nil
        } catch {
            return false
        }
    }

    /// Lets the buffer go while the connection is put aside.
    func rest() {
        input = []
        idleSince = .now
    }

    // MARK: Exchange

    /// Sends `hop` and reads until the head of the answer is whole.
    func exchange(_ hop: ClientHop, _ flight: ClientFlight) async throws(Fault) {
        if input.isEmpty { input = [UInt8](repeating: 0, count: ClientConnection.bufferBytes) }
        (start, end, hasHeard, parser) = (0, 0, false, ResponseHeadParser())
        // Set before anything can fail, so that a connection in mid-message is never taken for a free one.
        body = .untilClose
        var message = try hop.message()
        defer { ClientHop.wipe(&message) }
        var refusedWrite: SocketFailure?
        do throws(SocketFailure) {
            try await transport.write(message, until: flight.deadline)
        } catch {
            // A server may answer and close before it has read the whole body: its answer may be there.
            refusedWrite = error
        }
        if let refusedWrite {
            try flight.check()
            guard case .kernel = refusedWrite else { throw flight.fault(refusedWrite, lost) }
        }
        try await readHead(to: hop.method, flight)
    }

    private var lost: String { "The connection to \(origin.host) was lost before an answer came." }

    private func readHead(to method: Method, _ flight: ClientFlight) async throws(Fault) {
        var interims = 0
        while true {
            switch parse(input, method) {
            case .incomplete:
                guard try await fill(flight) else { throw Fault(.outboundFailed, lost) }
            case .interim(let consumed):
                start += consumed
                interims += 1
                guard interims <= ClientConnection.interims else {
                    throw Fault(.outboundFailed, "\(origin.host) sent too many interim answers.")
                }
            case .head(let consumed):
                start += consumed
                return try begin()
            case .refused(let refusal):
                throw Fault(.outboundFailed, "The answer of \(origin.host) is no sound HTTP. \(refusal.reason)")
            }
        }
    }

    /// A function of its own, so that the span lives as long as its argument.
    private func parse(_ bytes: [UInt8], _ method: Method) -> ResponseHeadParser.Outcome {
        parser.parse(bytes.span.extracting(start..<end), to: method, into: head)
    }

    private func begin() throws(Fault) {
        guard head.status >= 200 else { throw Fault(.outboundFailed, "\(origin.host) changed the protocol without being asked.") }
        switch head.bodyLength {
        case .none: body = .done
        case .fixed(let count): body = .fixed(remaining: count)
        case .chunked: body = .chunked(ChunkedDecoder())
        case .untilClose: body = .untilClose
        }
        if case .done = body { return }
        // Codings were declined in the request; a body in one could only be handed on as noise, or grow without bound when undone.
        guard !head.headers.contains(.contentEncoding) || head.headers.value(of: .contentEncoding, is: "identity") else {
            throw Fault(.outboundFailed, "\(origin.host) encoded its answer, though only the identity coding was accepted.")
        }
    }

    /// The next piece of the body as a range of `input`, valid until the next call; `nil` at the end.
    func readPiece(_ flight: ClientFlight) async throws(Fault) -> Range<Int>? {
        while true {
            switch body {
            case .done: return nil
            case .fixed(let remaining):
                if start < end {
                    let count = min(remaining, end - start)
                    defer { start += count }
                    body = remaining == count ? .done : .fixed(remaining: remaining - count)
                    return start..<start + count
                }
            case .untilClose:
                if start < end {
                    defer { start = end }
                    return start..<end
                }
            case .chunked(var decoder):
                let step = try decode(input, with: &decoder)
                body = .chunked(decoder)
                switch step {
                case .data(let range):
                    start = range.upperBound
                    return range
                case .end(let consumed):
                    start = consumed
                    body = .done
                    return nil
                case .needMore: start = end
                }
            }
            if try await fill(flight) { continue }
            guard case .untilClose = body else { throw Fault(.outboundFailed, "The answer of \(origin.host) ended early.") }
            body = .done
        }
    }

    /// A function of its own, so that the span lives as long as its argument.
    private func decode(_ bytes: [UInt8], with decoder: inout ChunkedDecoder) throws(Fault) -> ChunkedDecoder.Step {
        do throws(Refusal) {
            return try decoder.decode(bytes.span.extracting(0..<end), from: start)
        } catch {
            throw Fault(.outboundFailed, "The answer of \(origin.host) is no sound HTTP. \(error.reason)")
        }
    }

    /// Reads at least one byte behind those that wait. `false` at the end of the stream.
    private func fill(_ flight: ClientFlight) async throws(Fault) -> Bool {
        if start > 0 {
            unsafe input.withUnsafeMutableBytes { bytes in
                unsafe bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
            }
            end -= start
            start = 0
        }
        // A peer that always has more would otherwise never let this loop look at another socket, nor the clock at this request.
        reads &+= 1
        if reads % ClientConnection.readsInTurn == 0 { await Task.yield() }
        try flight.check()
        do throws(SocketFailure) {
            transport.setDeadline(flight.deadline)
            while true {
                if let count = try transport.readNow(into: &input, end..<input.count) {
                    if count > 0, !hasHeard {
                        hasHeard = true
                        flight.timings.firstByteMilliseconds = Instant.now.milliseconds(since: flight.start)
                    }
                    end += count
                    return count > 0
                }
                try await transport.untilReadable()
            }
        } catch {
            throw flight.fault(error, hasHeard ? "The answer of \(origin.host) ended early." : lost)
        }
    }
}
