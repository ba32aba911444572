// The header fields of one message as offsets into one reusable copy of its head. Nothing here becomes a `String` until somebody asks,
// and a reused table allocates nothing. Bounded by the limits of the head that is parsed into it.

/// The fields of a head: where each name and value lies in `bytes`.
public struct HeaderFields: Sendable {
    /// One field line.
    public struct Field: Sendable {
        /// Where the name lies in `bytes`, as it was sent.
        public var name: Range<Int> { Int(nameStart)..<Int(nameEnd) }
        /// Where the value lies in `bytes`, without the blanks around it.
        public var value: Range<Int> { Int(valueStart)..<Int(valueEnd) }
        /// Which known header it is, or `nil`.
        public let known: KnownHeader?

        let nameStart: UInt32
        let nameEnd: UInt32
        let valueStart: UInt32
        let valueEnd: UInt32
    }

    /// The head as it was received. Offsets point into it; they stay valid until the next head is parsed.
    public internal(set) var bytes: [UInt8] = []
    /// The fields in the order in which they were received.
    public private(set) var fields: [Field] = []
    /// A bit for each known header that is present.
    private var seen: UInt64 = 0

    public init() {}

    /// Whether the header is present.
    @inline(__always)
    public func contains(_ header: KnownHeader) -> Bool {
        seen >> UInt64(header.rawValue) & 1 == 1
    }

    /// Where the value of the first field of that name lies in `bytes`.
    public func range(of header: KnownHeader) -> Range<Int>? {
        guard contains(header) else { return nil }
        for field in fields where field.known == header { return field.value }
        return nil
    }

    /// The value of the first field of that name; bytes that are no UTF-8 are repaired.
    public func text(of header: KnownHeader) -> String? {
        guard let range = range(of: header) else { return nil }
        return String(decoding: bytes[range], as: UTF8.self)
    }

    /// Calls `body` with the bytes of the first value of that name, without a copy; `nil` when the header is absent.
    public func withValue<Result>(of header: KnownHeader, _ body: (Span<UInt8>) -> Result) -> Result? {
        guard let range = range(of: header) else { return nil }
        return body(bytes.span.extracting(range))
    }

    /// Whether the first value of that name is `text` (given in lower case), letters' case ignored.
    public func value(of header: KnownHeader, is text: StaticString) -> Bool {
        guard let range = range(of: header) else { return false }
        return bytes.span.matches(range, lowercase: text)
    }

    /// Whether a comma-separated value of that name holds the token `text` (given in lower case), letters' case ignored.
    public func list(of header: KnownHeader, contains text: StaticString) -> Bool {
        guard contains(header) else { return false }
        for field in fields where field.known == header {
            if bytes.span.list(field.value, contains: text) { return true }
        }
        return false
    }

    /// The value of the first field whose name is `name` (given in lower case), for names that are not in `KnownHeader`.
    public func text(named name: StaticString) -> String? {
        for field in fields where bytes.span.matches(field.name, lowercase: name) {
            return String(decoding: bytes[field.value], as: UTF8.self)
        }
        return nil
    }

    /// The name of a field, as it was sent.
    public func name(_ field: Field) -> String { String(decoding: bytes[field.name], as: UTF8.self) }

    /// The value of a field.
    public func value(_ field: Field) -> String { String(decoding: bytes[field.value], as: UTF8.self) }

    // MARK: Filling

    @inline(__always)
    mutating func removeAll() {
        fields.removeAll(keepingCapacity: true)
        seen = 0
    }

    @inline(__always)
    mutating func append(_ field: Field) {
        fields.append(field)
        if let known = field.known { seen |= 1 << UInt64(known.rawValue) }
    }

    /// Copies the head of which the offsets speak.
    @inline(__always)
    mutating func keep(_ head: Span<UInt8>, extra: Int) {
        bytes.removeAll(keepingCapacity: true)
        bytes.reserveCapacity(head.count + extra)
        unsafe head.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    }
}

extension HeaderFields.Field {
    /// Parses the field line `line`, whose line end was cut off (RFC 9112, section 5).
    @inline(__always)
    init(_ bytes: Span<UInt8>, line: Range<Int>) throws(Refusal) {
        if isBlank(bytes[line.lowerBound]) { throw .malformed("A header line may not begin with a space or be folded.") }
        let at = bytes.end(of: .token, from: line.lowerBound, to: line.upperBound)
        guard at < line.upperBound, bytes[at] == UInt8(ascii: ":") else {
            throw .malformed("A header name holds a character that is not allowed there.")
        }
        guard at > line.lowerBound else { throw .malformed("A header line has no name.") }
        let value = bytes.trimmed(at + 1..<line.upperBound)
        guard bytes.isFieldValue(value) else { throw .malformed("A header value holds a control character.") }
        known = KnownHeader(bytes, line.lowerBound..<at)
        nameStart = UInt32(truncatingIfNeeded: line.lowerBound)
        nameEnd = UInt32(truncatingIfNeeded: at)
        valueStart = UInt32(truncatingIfNeeded: value.lowerBound)
        valueEnd = UInt32(truncatingIfNeeded: value.upperBound)
    }
}

extension Span<UInt8> {
    /// Whether the comma-separated list `self[range]` holds the token `text` (given in lower case), letters' case ignored.
    func list(_ range: Range<Int>, contains text: StaticString) -> Bool {
        var from = range.lowerBound
        while from <= range.upperBound {
            var to = from
            while to < range.upperBound, self[to] != UInt8(ascii: ",") { to += 1 }
            if matches(trimmed(from..<to), lowercase: text) { return true }
            from = to + 1
        }
        return false
    }

    /// The value of `self[range]` as a `Content-Length` (RFC 9110, section 8.6): digits alone, no sign, no leading zero, no list,
    /// below 2^62; `nil` otherwise.
    func contentLength(_ range: Range<Int>) -> Int? {
        guard !range.isEmpty, range.count <= 18, range.count == 1 || self[range.lowerBound] != UInt8(ascii: "0") else {
            return nil
        }
        var value = 0
        for at in range {
            guard isDigit(self[at]) else { return nil }
            value = value &* 10 &+ Int(self[at] &- 0x30)
        }
        return value
    }
}
