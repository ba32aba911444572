// The body of a request: read whole within a limit, or in pieces; asked for with `100 Continue` when the sender waits for that; and,
// when the answer came first, read past so that the next request can be found. Deadline: `Limits.bodyDeadlineMilliseconds` a body.

import Base
import Loop

/// Where the reading of a body stands.
enum BodyState {
    case none
    case fixed(remaining: Int)
    case chunked(ChunkedDecoder)
    case done
    case broken

    init(_ length: BodyLength) {
        switch length {
        case .none, .untilClose: self = .none
        case .fixed(let count): self = count == 0 ? .done : .fixed(remaining: count)
        case .chunked: self = .chunked(ChunkedDecoder())
        }
    }
}

extension Exchange {
    /// How much of a body nobody asked for is read past to save the connection.
    private static let discardBytes = 64 << 10
    private static let reservedBytes = 16 << 10

    /// Whether the request has a body that is not empty, as far as the head tells.
    public var hasBody: Bool {
        switch head.bodyLength {
        case .none, .untilClose: false
        case .fixed(let count): count > 0
        case .chunked: true
        }
    }

    /// Reads the whole body.
    /// - Throws: `.contentTooLarge` beyond `limitBytes`, `.requestTimeout`, `.malformed` when the framing is broken or the peer left.
    public func readBody(limitBytes: Int = Limits.requestBodyBytes) async throws(Fault) -> [UInt8] {
        if case .fixed(let count) = head.bodyLength {
            guard count <= limitBytes else { throw tooLarge(limitBytes) }
            // What a peer only announced costs no memory; a small body is given its place at once.
            body.reserveCapacity(min(count, Exchange.reservedBytes))
        }
        while let piece = try await readPiece() {
            guard body.count + piece.count <= limitBytes else { throw tooLarge(limitBytes) }
            body.append(contentsOf: input[piece])
        }
        return body
    }

    private func tooLarge(_ limit: Int) -> Fault {
        Fault(.contentTooLarge, "The request's body is larger than \(limit) bytes.")
    }

    /// The next piece of the body as a range of `input`, `nil` at its end.
    func readPiece() async throws(Fault) -> Range<Int>? {
        while true {
            switch bodyState {
            case .none, .done: return nil
            case .broken: throw Fault(.malformed, "The request's body could not be read.")
            case .fixed(let remaining):
                if start < end {
                    let count = min(remaining, end - start)
                    defer { start += count }
                    bodyState = remaining == count ? .done : .fixed(remaining: remaining - count)
                    return start..<start + count
                }
            case .chunked(var decoder):
                do throws(Refusal) {
                    let step = try decode(input, with: &decoder)
                    bodyState = .chunked(decoder)
                    switch step {
                    case .data(let range):
                        start = range.upperBound
                        return range
                    case .end(let consumed):
                        start = consumed
                        bodyState = .done
                        return nil
                    case .needMore: start = end
                    }
                } catch {
                    bodyState = .broken
                    closing = true
                    throw error.fault
                }
            }
            try await fillBody()
        }
    }

    /// A function of its own, so that the span lives as long as its argument.
    private func decode(_ bytes: [UInt8], with decoder: inout ChunkedDecoder) throws(Refusal) -> ChunkedDecoder.Step {
        try decoder.decode(bytes.span.extracting(0..<end), from: start)
    }

    private func fillBody() async throws(Fault) {
        start = 0
        end = 0
        fills &+= 1
        if fills % Exchange.turns == 0 { await Task.yield() }
        do throws(SocketFailure) {
            if bodyDeadline.nanoseconds == 0 {
                bodyDeadline = server.loop.now.advanced(milliseconds: server.limits.bodyMilliseconds)
                if head.expectContinue && phase == .waiting {
                    output.appendStatic("HTTP/1.1 100 Continue\r\n\r\n")
                    try await flush()
                }
            }
            transport.setDeadline(bodyDeadline)
            while true {
                if let count = try transport.readNow(into: &input, 0..<input.count) {
                    guard count > 0 else { throw .closed }
                    end = count
                    return
                }
                try await transport.untilReadable()
            }
        } catch {
            bodyState = .broken
            closing = true
            if case .timedOut = error { throw Fault(.requestTimeout, "The request's body did not arrive in time.") }
            throw Fault(.malformed, "The request's body ended early.")
        }
    }

    /// Whether what is left of the body is not worth reading past: it is much, or the sender still waits for leave to send it, which it
    /// will not get now. The connection is closed instead, and the answer says so.
    var givesUpBody: Bool {
        switch bodyState {
        case .none, .done: false
        case .broken: true
        case .fixed(let remaining) where remaining > Exchange.discardBytes: true
        case .fixed, .chunked: head.expectContinue && bodyDeadline.nanoseconds == 0 && start == end
        }
    }

    /// Reads past what is left of a body, or gives the connection up.
    func discardBody() async throws(SocketFailure) {
        defer { bodyDeadline = Instant(nanoseconds: 0) }
        if givesUpBody { closing = true }
        guard hasUnreadBody, !closing else { return }
        try await flush()
        var rest = Exchange.discardBytes
        do throws(Fault) {
            while rest >= 0 {
                guard let piece = try await readPiece() else { return }
                rest -= piece.count
            }
            closing = true
        } catch {
            closing = true
        }
    }

    private var hasUnreadBody: Bool {
        switch bodyState {
        case .none, .done, .broken: false
        case .fixed, .chunked: true
        }
    }
}
