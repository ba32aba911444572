// The pairs of `application/x-www-form-urlencoded` (WHATWG URL, section 5), as queries and forms carry them. Read strictly: a bad
// escape, text that is no UTF-8, or too many pairs refuse the whole, since a guess could differ from what a proxy or a log shows.

import Base

/// Names and values of a query or of a form, in their order.
public struct QueryParameters: Sendable {
    /// A query has at most so many pairs.
    public static let pairs = 64

    /// The decoded pairs. A pair without `=` has an empty value.
    public private(set) var pairs: [(name: String, value: String)] = []

    /// No pair at all.
    public init() {}

    /// Decodes `bytes[range]`. Throws a fault `.malformed`.
    public init(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(Fault) {
        var at = range.lowerBound
        while at < range.upperBound {
            var end = at
            var equals: Int?
            while end < range.upperBound, bytes[end] != UInt8(ascii: "&") {
                if bytes[end] == UInt8(ascii: "="), equals == nil { equals = end }
                end += 1
            }
            if end > at {
                let split = equals ?? end
                guard let name = PercentCoding.decode(bytes, at..<split, plusIsSpace: true),
                    let value = PercentCoding.decode(bytes, min(split + 1, end)..<end, plusIsSpace: true)
                else { throw Fault(.malformed, "The query holds an escape that stands for no text.") }
                guard pairs.count < QueryParameters.pairs else { throw Fault(.malformed, "The query has too many parameters.") }
                pairs.append((name, value))
            }
            at = end + 1
        }
    }

    /// The query of a request; none when it has no query.
    public init(_ head: RequestHead) throws(Fault) {
        let bytes = head.bytes
        try self.init(bytes.span, head.query ?? 0..<0)
    }

    /// The value of the first pair of that name.
    public subscript(name: String) -> String? {
        pairs.first { $0.name == name }?.value
    }

    /// The values of all pairs of that name.
    public func values(_ name: String) -> [String] {
        pairs.filter { $0.name == name }.map(\.value)
    }
}
