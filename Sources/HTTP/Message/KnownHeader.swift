// The header names this product reads or writes, as an enum, so that a lookup on the hot path compares one byte. A name is recognised
// from its bytes, letters' case ignored, with one hash of at most 32 bytes.

import Base

/// A header name that code refers to.
public enum KnownHeader: UInt8, Sendable, CaseIterable {
    case host, contentLength, transferEncoding, connection, expect, upgrade, te, trailer, date
    case authorization, apiKey, cookie, setCookie, wwwAuthenticate, tenantID
    case contentType, contentEncoding, contentDisposition, accept, acceptEncoding, acceptLanguage
    case userAgent, origin, referer, requestID, traceparent, tracestate, idempotencyKey, prefer
    case ifMatch, ifNoneMatch, ifModifiedSince, etag, lastModified, cacheControl, vary, range
    case location, server, retryAfter, allow, keepAlive, lastEventID
    case forwardedFor, forwardedProto, forwarded
    case secWebSocketKey, secWebSocketVersion, secWebSocketProtocol, secWebSocketExtensions, secWebSocketAccept
    case accessControlRequestMethod, accessControlRequestHeaders

    /// The name on the wire, in lower case.
    public var name: StaticString {
        switch self {
        case .host: "host"
        case .contentLength: "content-length"
        case .transferEncoding: "transfer-encoding"
        case .connection: "connection"
        case .expect: "expect"
        case .upgrade: "upgrade"
        case .te: "te"
        case .trailer: "trailer"
        case .date: "date"
        case .authorization: "authorization"
        case .apiKey: "x-api-key"
        case .cookie: "cookie"
        case .setCookie: "set-cookie"
        case .wwwAuthenticate: "www-authenticate"
        case .tenantID: "x-tenant-id"
        case .contentType: "content-type"
        case .contentEncoding: "content-encoding"
        case .contentDisposition: "content-disposition"
        case .accept: "accept"
        case .acceptEncoding: "accept-encoding"
        case .acceptLanguage: "accept-language"
        case .userAgent: "user-agent"
        case .origin: "origin"
        case .referer: "referer"
        case .requestID: "x-request-id"
        case .traceparent: "traceparent"
        case .tracestate: "tracestate"
        case .idempotencyKey: "idempotency-key"
        case .prefer: "prefer"
        case .ifMatch: "if-match"
        case .ifNoneMatch: "if-none-match"
        case .ifModifiedSince: "if-modified-since"
        case .etag: "etag"
        case .lastModified: "last-modified"
        case .cacheControl: "cache-control"
        case .vary: "vary"
        case .range: "range"
        case .location: "location"
        case .server: "server"
        case .retryAfter: "retry-after"
        case .allow: "allow"
        case .keepAlive: "keep-alive"
        case .lastEventID: "last-event-id"
        case .forwardedFor: "x-forwarded-for"
        case .forwardedProto: "x-forwarded-proto"
        case .forwarded: "forwarded"
        case .secWebSocketKey: "sec-websocket-key"
        case .secWebSocketVersion: "sec-websocket-version"
        case .secWebSocketProtocol: "sec-websocket-protocol"
        case .secWebSocketExtensions: "sec-websocket-extensions"
        case .secWebSocketAccept: "sec-websocket-accept"
        case .accessControlRequestMethod: "access-control-request-method"
        case .accessControlRequestHeaders: "access-control-request-headers"
        }
    }

    /// Names that may stand once in a message: a second one would let two readers see two meanings.
    var isSingleton: Bool {
        switch self {
        case .host, .contentLength, .transferEncoding, .authorization, .apiKey, .tenantID, .contentType, .expect,
            .idempotencyKey, .requestID, .secWebSocketKey, .secWebSocketVersion:
            true
        default: false
        }
    }

    /// The known header whose name is `bytes[range]`, a valid token in any case; `nil` for any other name.
    @inline(__always)
    init?(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        guard range.count <= 32 else { return nil }
        let found = KnownHeaderIndex.shared.find(PackedName(bytes, range))
        guard found != KnownHeaderIndex.none else { return nil }
        self.init(rawValue: found)
    }
}

/// At most 32 bytes of a name with letters in lower case, padded with zeros. Exact for tokens: setting the bit that tells the case
/// of letters maps no other token character onto a letter, a digit or a hyphen.
struct PackedName: Equatable {
    var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    @inline(__always)
    init(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        words.0 = PackedName.word(bytes, range.lowerBound, range.upperBound)
        if range.count > 8 { words.1 = PackedName.word(bytes, range.lowerBound + 8, range.upperBound) }
        if range.count > 16 { words.2 = PackedName.word(bytes, range.lowerBound + 16, range.upperBound) }
        if range.count > 24 { words.3 = PackedName.word(bytes, range.lowerBound + 24, range.upperBound) }
    }

    /// Up to eight bytes from `at`, none from `end` on.
    @inline(__always)
    private static func word(_ bytes: Span<UInt8>, _ at: Int, _ end: Int) -> UInt64 {
        let present = end &- at
        if at &+ 8 <= bytes.count {
            let word = bytes.word(at: at) | 0x2020_2020_2020_2020
            return present >= 8 ? word : word & ((1 &<< UInt64(truncatingIfNeeded: 8 &* present)) &- 1)
        }
        var word: UInt64 = 0
        for offset in 0..<min(8, present) { word |= UInt64(bytes[at + offset] | 0x20) &<< UInt64(8 * offset) }
        return word
    }

    @inline(__always)
    var slot: Int {
        let mixed = (words.0 ^ words.1 &* 0x9E37_79B9_7F4A_7C15 ^ words.2 &* 31 ^ words.3) &* 0xD6E8_FEB8_6659_FD93
        return Int(truncatingIfNeeded: mixed >> 56)
    }

    @inline(__always)
    static func == (left: Self, right: Self) -> Bool { left.words == right.words }
}

/// An open-addressed table from names to `KnownHeader`, built once.
struct KnownHeaderIndex: Sendable {
    static let shared = KnownHeaderIndex()
    static let none = UInt8.max

    private var slots: [(name: PackedName, header: UInt8)]

    private init() {
        let empty: [UInt8] = []
        slots = Array(repeating: (PackedName(empty.span, 0..<0), KnownHeaderIndex.none), count: 256)
        for header in KnownHeader.allCases {
            let text = header.name.utf8Bytes
            precondition(text.count <= 32, "A known header name has at most 32 characters.")
            let name = PackedName(text.span, 0..<text.count)
            var slot = name.slot
            while slots[slot].header != KnownHeaderIndex.none { slot = (slot + 1) & 255 }
            slots[slot] = (name, header.rawValue)
        }
    }

    @inline(__always)
    func find(_ name: PackedName) -> UInt8 {
        var slot = name.slot
        while true {
            let entry = slots[slot]
            if entry.header == KnownHeaderIndex.none || entry.name == name { return entry.header }
            slot = (slot + 1) & 255
        }
    }
}
