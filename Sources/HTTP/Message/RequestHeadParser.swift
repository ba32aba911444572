// Parses the head of a request as its bytes arrive (RFC 9112, sections 2 to 6). Strict: whatever two readers could understand in two
// ways is refused, since behind a proxy that is how requests are smuggled. Bounds: `Limits.requestTargetBytes`, `requestHeadBytes`
// and `requestHeaderCount`. Each byte is looked at once, however the head is split.

import Base

/// An incremental parser of request heads; one a connection.
public struct RequestHeadParser: Sendable {
    /// What became of the bytes so far.
    public enum Outcome: Sendable, Equatable {
        /// The head is not whole. Call again with the same bytes and more.
        case incomplete
        /// The head is whole and took so many bytes; the body or the next request follows them.
        case head(consumed: Int)
        /// The head breaks a rule. Answer, then close.
        case refused(Refusal)
    }

    private enum Position { case start, requestLine, fields }

    /// A request line may be this much longer than its target: method, version, two spaces and the line end.
    static let requestLineBytes = Limits.requestTargetBytes + 64
    static let methodBytes = 32

    private var position = Position.start
    private var scanner = LineScanner()
    private var start = 0
    private var framing = RequestFraming()

    /// A parser at the beginning of a head.
    public init() {}

    /// Whether bytes of a head have arrived, but not all of them.
    public var isInsideHead: Bool { position != .start }

    /// Goes on with the head that begins at `bytes[0]`. Every call passes all bytes since the head's begin; after `.head` the parser
    /// is ready for the next one, after `.refused` it is of no more use.
    /// - Parameter head: is filled; its content is valid after `.head`.
    public mutating func parse(_ bytes: Span<UInt8>, into head: RequestHead) -> Outcome {
        do throws(Refusal) {
            guard let end = try advance(bytes, &head.parts, &head.headers) else { return .incomplete }
            self = RequestHeadParser()
            return .head(consumed: end)
        } catch {
            return .refused(error)
        }
    }

    /// The offset behind the head, or `nil` when more bytes are needed.
    private mutating func advance(
        _ bytes: Span<UInt8>, _ parts: inout RequestHead.Parts, _ headers: inout HeaderFields
    ) throws(Refusal) -> Int? {
        if position == .start {
            guard try begin(bytes, &headers) else { return nil }
        }
        if position == .requestLine {
            let line = try scanner.next(bytes)
            guard (line == nil ? bytes.count : scanner.lineStart) - start <= RequestHeadParser.requestLineBytes else {
                throw Refusal(.uriTooLong, "The request line is too long.")
            }
            guard let line else { return nil }
            try RequestLine.parse(bytes, line, into: &parts)
            position = .fields
        }
        while let line = try scanner.next(bytes) {
            try checkHeadSize(scanner.lineStart)
            if line.isEmpty {
                headers.keep(bytes.extracting(0..<scanner.lineStart), extra: 1)
                try framing.finish(&parts, &headers)
                return scanner.lineStart
            }
            let field = try HeaderFields.Field(bytes, line: line)
            guard headers.fields.count < Limits.requestHeaderCount else {
                throw Refusal(.headTooLarge, "The request has too many header fields.")
            }
            if let known = field.known { try framing.note(known, field.value, bytes, parts, headers) }
            headers.append(field)
        }
        try checkHeadSize(bytes.count)
        return nil
    }

    private func checkHeadSize(_ size: Int) throws(Refusal) {
        guard size - start <= Limits.requestHeadBytes else {
            throw Refusal(.headTooLarge, "The head of the request is too large.")
        }
    }

    /// Looks at the first bytes: one empty line is passed over (RFC 9112, section 2.2), and what can't be a method ends it at once.
    private mutating func begin(_ bytes: Span<UInt8>, _ headers: inout HeaderFields) throws(Refusal) -> Bool {
        guard bytes.count > 0 else { return false }
        if bytes[0] == 0x0D {
            guard bytes.count > 1 else { return false }
            guard bytes[1] == 0x0A else { throw .malformed("A carriage return without a line feed.") }
            start = 2
            guard bytes.count > 2 else { return false }
        }
        guard ByteClass.token.contains(bytes[start]) else { throw .malformed("The request does not begin with a method.") }
        scanner = LineScanner(from: start)
        headers.removeAll()
        position = .requestLine
        return true
    }
}
