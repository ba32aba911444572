// Writing the answer: head and body into one buffer, one send. The length is not known before the body is written, so its field is
// reserved with blanks, which are allowed before a value (RFC 9110, section 5.5), and filled in afterwards.

import Base
import Loop

extension Exchange {
    private static let lengthDigits = 10

    /// Answers with a head and, unless the method or status forbids one, a body. After a stream that broke off this does nothing: the
    /// head is on its way, and the peer sees by the missing end that the answer is not whole.
    /// - Parameters:
    ///   - status: 200 to 599.
    ///   - headers: appends whole field lines. `date`, `connection` and the framing are written here.
    ///   - body: appends the body, at most 10 digits' worth of bytes.
    public func respond(
        status: Int, headers: (inout [UInt8]) -> Void = { _ in }, body: (inout [UInt8]) -> Void = { _ in }
    ) {
        if phase == .streaming { abandonStream() }
        guard phase != .lost else { return }
        beginHead(status: status)
        headers(&output)
        guard status != 204 && status != 304 else {
            output.appendLineEnd()
            answerBodyAt = output.count
            phase = .answered
            return
        }
        output.appendStatic("content-length: ")
        let lengthAt = output.count
        output.appendStatic("          \r\n\r\n")
        answerBodyAt = output.count
        body(&output)
        bodyBytesSent = output.count - answerBodyAt
        var rest = bodyBytesSent
        var digit = lengthAt + Exchange.lengthDigits - 1
        repeat {
            output[digit] = UInt8(truncatingIfNeeded: rest % 10) + UInt8(ascii: "0")
            rest /= 10
            digit -= 1
        } while rest > 0
        if head.method == .head { output.removeSubrange(answerBodyAt...) }
        phase = .answered
    }

    /// Answers with a head, and gives the connection to `guest` when it is sent: what comes and goes behind it is his.
    /// - Parameters:
    ///   - status: 101, or 200 where the body lasts until the close.
    ///   - headers: appends whole field lines, `connection` among them.
    public func handOver(to guest: any ConnectionGuest, status: Int, headers: (inout [UInt8]) -> Void) {
        precondition(phase == .waiting, "a request is answered once")
        self.status = status
        server.refreshDate()
        answerAt = output.count
        output.appendStatusLine(status)
        output.append(contentsOf: server.dateLine)
        headers(&output)
        output.appendLineEnd()
        answerBodyAt = output.count
        phase = .answered
        connection?.handOver(to: guest)
    }

    /// The body of an answer that was given with `respond` and is still here, because answers leave when their responder returns.
    public var answeredBody: [UInt8] {
        precondition(phase == .answered, "only an answer that was given can be read")
        return Array(output[answerBodyAt...])
    }

    /// Takes back an answer that was given with `respond`, so that another can be given: nothing of it has been sent.
    public func withdrawAnswer() {
        guard phase == .answered else { return }
        output.removeSubrange(answerAt...)
        bodyBytesSent = 0
        status = 0
        phase = .waiting
    }

    /// Begins an answer whose body is written in pieces: chunked for HTTP/1.1, until the close for HTTP/1.0.
    public func beginStream(status: Int, headers: (inout [UInt8]) -> Void = { _ in }) {
        if head.minorVersion == 0 { closing = true }
        beginHead(status: status)
        headers(&output)
        isBodyless = head.method == .head || status == 204 || status == 304
        if head.minorVersion > 0 && status != 204 && status != 304 { output.appendStatic("transfer-encoding: chunked\r\n") }
        output.appendLineEnd()
        phase = .streaming
    }

    /// Writes a piece and waits until the peer has taken all but a small rest, which is the back-pressure.
    /// - Throws: `.unavailable` when the peer is gone or too slow; the answer can't be completed then.
    public func write(_ bytes: [UInt8]) async throws(Fault) {
        if phase == .lost { throw Fault(.unavailable, "The client went away.") }
        precondition(phase == .streaming, "a piece belongs to a stream")
        guard !isBodyless, !bytes.isEmpty else { return }
        bodyBytesSent += bytes.count
        if head.minorVersion > 0 {
            ChunkedEncoder.append(bytes.span, into: &output)
        } else {
            output.append(contentsOf: bytes)
        }
        do throws(SocketFailure) {
            try await flush()
        } catch {
            abandonStream()
            output.removeAll(keepingCapacity: true)
            throw Fault(.unavailable, "The client went away.")
        }
    }

    /// Ends a stream; does nothing when it broke off before.
    public func endStream() {
        if phase == .lost { return }
        precondition(phase == .streaming, "a stream is ended once")
        if !isBodyless && head.minorVersion > 0 { ChunkedEncoder.finish(into: &output) }
        phase = .answered
    }

    /// Gives a stream up, so that the peer sees that it is not whole.
    public func abandonStream() {
        closing = true
        phase = .lost
    }

    private func beginHead(status: Int) {
        precondition(phase == .waiting, "a request is answered once")
        self.status = status
        server.refreshDate()
        answerAt = output.count
        output.appendStatusLine(status)
        output.append(contentsOf: server.dateLine)
        if server.draining || givesUpBody { closing = true }
        if closing {
            output.appendStatic("connection: close\r\n")
        } else if head.minorVersion == 0 {
            output.appendStatic("connection: keep-alive\r\n")
        }
    }
}
