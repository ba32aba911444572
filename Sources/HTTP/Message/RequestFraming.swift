// What the header fields of a request say about its body and its connection (RFC 9112, sections 6 and 9; RFC 9110, sections 7.2 and
// 10.1.1). A request whose length could be read in two ways is refused here.

import Base

/// Notes the fields that decide framing as they are parsed, and decides at the end of the parts.
struct RequestFraming: Sendable {
    private var length: Int?
    private var isChunked = false
    private var closes = false
    private var keepsAlive = false
    private var upgrades = false
    private var expects = false

    /// Looks at one field. Fields that may stand once are refused the second time.
    @inline(__always)
    mutating func note(
        _ known: KnownHeader, _ value: Range<Int>, _ bytes: Span<UInt8>, _ parts: borrowing RequestHead.Parts,
        _ headers: borrowing HeaderFields
    ) throws(Refusal) {
        if known.isSingleton, headers.contains(known) {
            throw .malformed("A header field that may stand once is repeated.")
        }
        switch known {
        case .contentLength:
            guard let number = bytes.contentLength(value) else {
                throw .malformed("Content-Length is no plain decimal number.")
            }
            length = number
        case .transferEncoding:
            guard parts.minorVersion > 0 else { throw .malformed("Transfer-Encoding is not part of HTTP/1.0.") }
            guard bytes.matches(value, lowercase: "chunked") else {
                throw .malformed("Transfer-Encoding is understood as chunked, once, and nothing else.")
            }
            isChunked = true
        case .host:
            guard Authority.isValid(bytes, value) else { throw .malformed("Host is malformed.") }
            if let authority = parts.authority, !bytes.equal(authority, value) {
                throw .malformed("Host differs from the target's host.")
            }
        case .connection:
            closes = closes || bytes.list(value, contains: "close")
            keepsAlive = keepsAlive || bytes.list(value, contains: "keep-alive")
            upgrades = upgrades || bytes.list(value, contains: "upgrade")
        case .expect:
            // HTTP/1.0 has no interim answers: the field is ignored there.
            guard parts.minorVersion > 0 else { return }
            guard bytes.matches(value, lowercase: "100-continue") else {
                throw Refusal(.expectationFailed, "Only 100-continue can be expected.")
            }
            expects = true
        default: break
        }
    }

    /// Decides, when all fields are in.
    @inline(__always)
    func finish(_ parts: inout RequestHead.Parts, _ headers: inout HeaderFields) throws(Refusal) {
        guard parts.minorVersion == 0 || headers.contains(.host) else { throw .malformed("Host is missing.") }
        guard !(isChunked && length != nil) else {
            throw .malformed("Content-Length and Transfer-Encoding exclude each other.")
        }
        parts.bodyLength = isChunked ? .chunked : length.map { $0 == 0 ? .none : .fixed($0) } ?? .none
        guard parts.method != .trace || parts.bodyLength == .none else { throw .malformed("TRACE has no body.") }
        parts.keepAlive = !closes && (parts.minorVersion > 0 || keepsAlive)
        parts.expectContinue = expects && parts.bodyLength != .none
        parts.wantsUpgrade = upgrades && headers.contains(.upgrade)
        if parts.path.isEmpty {
            // `http://host` means `http://host/`: the slash is put behind the copy of the head.
            headers.bytes.append(UInt8(ascii: "/"))
            parts.path = headers.bytes.count - 1..<headers.bytes.count
        }
    }
}

extension Span<UInt8> {
    /// Whether two ranges hold the same bytes, letters' case ignored.
    func equal(_ left: Range<Int>, _ right: Range<Int>) -> Bool {
        guard left.count == right.count else { return false }
        for at in 0..<left.count
        where lowercased(self[left.lowerBound + at]) != lowercased(self[right.lowerBound + at]) {
            return false
        }
        return true
    }
}
