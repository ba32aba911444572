// Parses the head of a response as its bytes arrive (RFC 9112, sections 4 to 6). As strict as the parser of requests: a response whose
// length could be read in two ways would let one answer be taken for two on a pooled connection. Bounds: `Limits.responseHeadBytes` and
// `Limits.responseHeaderCount`.

import Base

/// An incremental parser of response heads; one a connection.
public struct ResponseHeadParser: Sendable {
    /// What became of the bytes so far.
    public enum Outcome: Sendable, Equatable {
        /// The head is not whole. Call again with the same bytes and more.
        case incomplete
        /// An interim response (1xx but 101) took so many bytes. Drop them and call again: the response is still to come.
        case interim(consumed: Int)
        /// The head is whole and took so many bytes; the body follows them.
        case head(consumed: Int)
        /// The head breaks a rule. Close the connection.
        case refused(Refusal)
    }

    private var scanner = LineScanner()
    private var hasStatus = false
    private var length: Int?
    private var isChunked = false
    private var closes = false
    private var keepsAlive = false

    /// A parser at the beginning of a head.
    public init() {}

    /// Goes on with the head that begins at `bytes[0]`. Every call passes all bytes since the head's begin; after `.interim` and `.head`
    /// the parser is ready for the next one, after `.refused` it is of no more use.
    /// - Parameters:
    ///   - method: the method of the request that is answered: the answer to HEAD has no body.
    ///   - head: is filled; its content is valid after `.head`.
    public mutating func parse(_ bytes: Span<UInt8>, to method: Method, into head: ResponseHead) -> Outcome {
        do throws(Refusal) {
            guard let end = try advance(bytes, method, head) else { return .incomplete }
            self = ResponseHeadParser()
            return head.status < 200 && head.status != 101 ? .interim(consumed: end) : .head(consumed: end)
        } catch {
            return .refused(Refusal(.outboundFailed, error.reason))
        }
    }

    private mutating func advance(_ bytes: Span<UInt8>, _ method: Method, _ head: ResponseHead) throws(Refusal) -> Int? {
        while let line = try scanner.next(bytes) {
            guard scanner.lineStart <= Limits.responseHeadBytes else {
                throw .malformed("The head of the response is too large.")
            }
            guard hasStatus else {
                try parseStatusLine(bytes, line, head)
                hasStatus = true
                continue
            }
            if line.isEmpty {
                head.headers.keep(bytes.extracting(0..<scanner.lineStart), extra: 0)
                try finish(method, head)
                return scanner.lineStart
            }
            let field = try HeaderFields.Field(bytes, line: line)
            guard head.headers.fields.count < Limits.responseHeaderCount else {
                throw .malformed("The response has too many header fields.")
            }
            if let known = field.known { try note(known, field.value, bytes, head) }
            head.headers.append(field)
        }
        guard bytes.count <= Limits.responseHeadBytes else { throw .malformed("The head of the response is too large.") }
        return nil
    }

    /// `HTTP/1.1 200 OK`; the phrase, and the space before it, may be missing.
    private func parseStatusLine(_ bytes: Span<UInt8>, _ line: Range<Int>, _ head: ResponseHead) throws(Refusal) {
        let prefix: StaticString = "http/1."
        let at = line.lowerBound
        guard line.count >= 12, bytes.matches(at..<at + 7, lowercase: prefix), bytes[at] == UInt8(ascii: "H"),
            isDigit(bytes[at + 7]), bytes[at + 8] == 0x20, isDigit(bytes[at + 9]), isDigit(bytes[at + 10]),
            isDigit(bytes[at + 11]),
            line.count == 12 || bytes[at + 12] == 0x20, bytes.isFieldValue(at + 12..<line.upperBound)
        else { throw .malformed("The status line of the response is malformed.") }
        head.minorVersion = bytes[at + 7] == UInt8(ascii: "0") ? 0 : 1
        head.status = Int(bytes[at + 9] &- 0x30) * 100 + Int(bytes[at + 10] &- 0x30) * 10 + Int(bytes[at + 11] &- 0x30)
        guard head.status >= 100, head.status < 600 else { throw .malformed("The status of the response is out of range.") }
        head.headers.removeAll()
    }

    private mutating func note(
        _ known: KnownHeader, _ value: Range<Int>, _ bytes: Span<UInt8>, _ head: ResponseHead
    ) throws(Refusal) {
        switch known {
        case .contentLength:
            guard length == nil else { throw .malformed("Content-Length is repeated.") }
            guard let number = bytes.contentLength(value) else { throw .malformed("Content-Length is no plain decimal number.") }
            length = number
        case .transferEncoding:
            guard !isChunked, head.minorVersion > 0, bytes.matches(value, lowercase: "chunked") else {
                throw .malformed("Transfer-Encoding is understood as chunked, once, in HTTP/1.1, and nothing else.")
            }
            isChunked = true
        case .connection:
            closes = closes || bytes.list(value, contains: "close")
            keepsAlive = keepsAlive || bytes.list(value, contains: "keep-alive")
        default: break
        }
    }

    /// The rules of RFC 9112, section 6.3, in their order.
    private func finish(_ method: Method, _ head: ResponseHead) throws(Refusal) {
        guard !(isChunked && length != nil) else {
            throw .malformed("Content-Length and Transfer-Encoding exclude each other.")
        }
        if method == .head || head.status < 200 || head.status == 204 || head.status == 304 {
            head.bodyLength = .none
        } else if isChunked {
            head.bodyLength = .chunked
        } else if let length {
            head.bodyLength = length == 0 ? .none : .fixed(length)
        } else {
            head.bodyLength = .untilClose
        }
        head.keepAlive = !closes && (head.minorVersion > 0 || keepsAlive) && head.bodyLength != .untilClose
    }
}
