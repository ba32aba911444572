// The first line of a request: method, target and version, with single spaces between them (RFC 9112, section 3). The target is in
// origin-form, in absolute-form, or `*` for OPTIONS; what only a proxy could serve is refused.

import Base

enum RequestLine {
    /// Parses `line`, which has no line end, into `head`.
    static func parse(_ bytes: Span<UInt8>, _ line: Range<Int>, into parts: inout RequestHead.Parts) throws(Refusal) {
        let at = bytes.end(of: .token, from: line.lowerBound, to: line.upperBound)
        let method = line.lowerBound..<at
        guard at > line.lowerBound, at < line.upperBound, bytes[at] == 0x20 else {
            throw .malformed("The method is no token followed by one space.")
        }
        // The target ends at the last space, so that a space inside it is seen as a bad target and not as a bad version.
        var end = line.upperBound
        while end > at, bytes[end - 1] != 0x20 { end -= 1 }
        let target = at + 1..<max(at + 1, end - 1)
        guard end > at + 1, !target.isEmpty else { throw .malformed("The request line has no version.") }
        parts.minorVersion = try version(bytes, end..<line.upperBound)
        guard method.count <= RequestHeadParser.methodBytes else {
            throw Refusal(.notImplemented, "The method is not known.")
        }
        guard target.count <= Limits.requestTargetBytes else {
            throw Refusal(.uriTooLong, "The target of the request is too long.")
        }
        parts.method = Method(bytes, method)
        parts.methodRange = method
        try parseTarget(bytes, target, &parts)
    }

    /// `HTTP/1.x`. Another major version is not supported; anything else is malformed (RFC 9112, section 2.3).
    private static func version(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(Refusal) -> Int {
        let at = range.lowerBound
        guard range.count == 8, bytes[at] == UInt8(ascii: "H"), bytes[at + 1] == UInt8(ascii: "T"),
            bytes[at + 2] == UInt8(ascii: "T"), bytes[at + 3] == UInt8(ascii: "P"), bytes[at + 4] == UInt8(ascii: "/"),
            isDigit(bytes[at + 5]), bytes[at + 6] == UInt8(ascii: "."), isDigit(bytes[at + 7])
        else { throw .malformed("The version of the request is malformed.") }
        guard bytes[at + 5] == UInt8(ascii: "1") else {
            throw Refusal(.versionNotSupported, "Only HTTP/1.1 and HTTP/1.0 are spoken here.")
        }
        return bytes[at + 7] == UInt8(ascii: "0") ? 0 : 1
    }

    private static func parseTarget(_ bytes: Span<UInt8>, _ target: Range<Int>, _ parts: inout RequestHead.Parts) throws(Refusal)
    {
        parts.authority = nil
        guard parts.method != .connect else { throw .malformed("CONNECT is for proxies.") }
        if bytes[target.lowerBound] == UInt8(ascii: "/") {
            return try parsePath(bytes, target, &parts)
        }
        if target.count == 1, bytes[target.lowerBound] == UInt8(ascii: "*") {
            guard parts.method == .options else { throw .malformed("Only OPTIONS has the target *.") }
            parts.path = target
            parts.query = nil
            return
        }
        // absolute-form: http://authority/path?query
        let scheme: Int
        if target.count > 7, bytes.matches(target.lowerBound..<target.lowerBound + 7, lowercase: "http://") {
            scheme = 7
        } else if target.count > 8, bytes.matches(target.lowerBound..<target.lowerBound + 8, lowercase: "https://") {
            scheme = 8
        } else {
            throw .malformed("The target of the request is neither a path nor an absolute URL.")
        }
        var at = target.lowerBound + scheme
        let authority = at
        while at < target.upperBound, bytes[at] != UInt8(ascii: "/"), bytes[at] != UInt8(ascii: "?") { at += 1 }
        guard Authority.isValid(bytes, authority..<at) else { throw .malformed("The target's host is malformed.") }
        parts.authority = authority..<at
        try parsePath(bytes, at..<target.upperBound, &parts)
    }

    private static func parsePath(_ bytes: Span<UInt8>, _ range: Range<Int>, _ parts: inout RequestHead.Parts) throws(Refusal) {
        let path = bytes.end(of: .path, from: range.lowerBound, to: range.upperBound)
        parts.path = range.lowerBound..<path
        parts.query = nil
        guard path < range.upperBound else { return }
        guard bytes[path] == UInt8(ascii: "?"),
            bytes.end(of: .query, from: path + 1, to: range.upperBound) == range.upperBound
        else { throw .malformed("The target holds a character that is not allowed there.") }
        parts.query = path + 1..<range.upperBound
    }
}

/// A host with an optional port, as in `Host` and in targets in absolute-form.
enum Authority {
    /// Whether `bytes[range]` is a name or an address with an optional port of digits, not empty, without user information.
    static func isValid(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard !range.isEmpty else { return false }
        var at = range.lowerBound
        if bytes[at] == UInt8(ascii: "[") {
            while at < range.upperBound, bytes[at] != UInt8(ascii: "]") { at += 1 }
            guard at < range.upperBound, IPAddress(v6: bytes.extracting(range.lowerBound + 1..<at)) != nil else { return false }
            at += 1
        } else {
            at = bytes.end(of: .host, from: at, to: range.upperBound)
            guard at > range.lowerBound else { return false }
        }
        guard at < range.upperBound else { return true }
        guard bytes[at] == UInt8(ascii: ":"), range.upperBound - at <= 6 else { return false }
        var port = 0
        for digit in at + 1..<range.upperBound {
            guard isDigit(bytes[digit]) else { return false }
            port = port * 10 + Int(bytes[digit] &- 0x30)
        }
        return port <= 65_535
    }
}
