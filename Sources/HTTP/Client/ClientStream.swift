// The answer to an outgoing request whose body is taken in pieces as it arrives. Not taking pieces is the back-pressure: nothing is read
// ahead of them but one buffer. Bounds: the request's deadline and its limit of bytes.

import Base
import Loop

/// An answer under way. Lives as long as the closure that got it.
public final class ClientStream {
    /// 200 to 599.
    public let status: Int
    /// The fields as they were received.
    public let headers: HeaderFields
    /// Where the answer came from, after all redirects.
    public let url: WebURL
    /// How many redirects were followed.
    public let redirectCount: Int
    /// Whether the body was cut at the limit.
    public private(set) var isTruncated = false

    let connection: ClientConnection
    private let flight: ClientFlight
    private let truncates: Bool
    private let limit: Int
    private var taken = 0

    /// - Throws: `.contentTooLarge` when the head tells a length beyond the limit and the request does not want it cut.
    init(
        _ connection: ClientConnection, _ flight: ClientFlight, _ request: ClientRequest, url: WebURL, redirectCount: Int
    ) throws(Fault) {
        self.connection = connection
        self.flight = flight
        self.url = url
        self.redirectCount = redirectCount
        status = connection.head.status
        headers = connection.head.headers
        truncates = request.truncatesAtLimit
        limit = request.responseLimitBytes
        if case .fixed(let count) = connection.head.bodyLength, count > limit, !truncates { throw tooLarge() }
    }

    /// How long what took, up to now.
    public var timings: ClientTimings {
        var timings = flight.timings
        timings.totalMilliseconds = Instant.now.milliseconds(since: flight.start)
        return timings
    }

    /// The next bytes of the body, at least one; `nil` at its end.
    /// - Throws: `.contentTooLarge` beyond the limit, `.timedOut`, `.cancelled`, `.outboundFailed` when the body can't be read to its end.
    public func next() async throws(Fault) -> [UInt8]? {
        guard !isTruncated, let piece = try await connection.readPiece(flight) else { return nil }
        guard taken + piece.count <= limit else {
            guard truncates else { throw tooLarge() }
            isTruncated = true
            let rest = limit - taken
            taken = limit
            return rest > 0 ? Array(connection.input[piece.prefix(rest)]) : nil
        }
        taken += piece.count
        return Array(connection.input[piece])
    }

    /// The rest of the body, whole.
    /// - Throws: as `next`.
    public func collect() async throws(Fault) -> [UInt8] {
        var body: [UInt8] = []
        if case .fixed(let count) = connection.head.bodyLength { body.reserveCapacity(min(count, limit)) }
        while let piece = try await next() { body += piece }
        return body
    }

    private func tooLarge() -> Fault {
        Fault(.contentTooLarge, "The answer of \(url.hostname) is larger than \(limit) bytes.")
    }
}
