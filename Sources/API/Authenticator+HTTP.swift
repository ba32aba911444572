// Where a credential stands in a request: `Authorization: Bearer …`, `X-API-Key`, or the cookie of a session; one of them, never the URL.

import Base
import HTTP
import Identity
import Tenancy

extension Authenticator {
    /// The scope of a request.
    /// - Throws: `.unauthenticated`; `.malformed` when two credentials are given; `.forbidden` when `X-Tenant-ID` disagrees, or when a
    ///   cookie comes from a page that is not ours.
    func scope(of call: Call, origins: OwnOrigins) async throws(Fault) -> TenantScope {
        guard let given = try given(in: call) else {
            throw Fault(.unauthenticated, "A credential is required: Authorization: Bearer KEY.")
        }
        if given.place == .cookie { try origins.check(call.exchange.head) }
        let headers = call.exchange.head.headers
        let scope = try await find(headers.bytes, given.range, given.place, call)
        if let named = headers.text(of: .tenantID), TenantID(named) != scope.tenant {
            throw Fault(.forbidden, "X-Tenant-ID is not the tenant of the credential.")
        }
        return scope
    }

    /// Where the credential of a request stands; `nil` when it has none.
    /// - Throws: `.malformed` when two are given; `.unauthenticated` when the scheme is another one.
    func given(in call: Call) throws(Fault) -> (range: Range<Int>, place: Place)? {
        let headers = call.exchange.head.headers
        let cookie = try Authenticator.cookie(headers)
        let given =
            (headers.contains(.authorization) ? 1 : 0) + (headers.contains(.apiKey) ? 1 : 0) + (cookie == nil ? 0 : 1)
        guard given <= 1 else {
            throw Fault(.malformed, "Give one credential: Authorization, X-API-Key or the session's cookie.")
        }
        call.hasCredential = given == 1
        if let cookie { return (cookie, .cookie) }
        if let range = headers.range(of: .apiKey) { return (range, .header) }
        guard let range = headers.range(of: .authorization) else { return nil }
        guard let token = Authenticator.bearer(headers.bytes, range) else {
            throw Fault(.unauthenticated, "The scheme of Authorization is Bearer.")
        }
        return (token, .header)
    }

    private func find(_ bytes: [UInt8], _ range: Range<Int>, _ place: Place, _ call: Call) async throws(Fault) -> TenantScope {
        if let known = try cached(bytes.span.extracting(range), in: place, from: call.address) { return known }
        // The head is used again when the next request comes, and this one may wait for the database: the text is copied.
        return try await scope(Array(bytes[range]), in: place, from: call.address)
    }

    /// Where the token lies in `Bearer TOKEN`; neither the scheme's case nor the number of spaces matters (RFC 9110, sections 11.1, 11.4).
    private static func bearer(_ bytes: [UInt8], _ range: Range<Int>) -> Range<Int>? {
        let scheme = range.prefix(7)
        guard range.count > scheme.count, bytes.span.matches(scheme, lowercase: "bearer ") else { return nil }
        var start = scheme.upperBound
        while start < range.upperBound, bytes[start] == UInt8(ascii: " ") { start += 1 }
        return start..<range.upperBound
    }

    /// Where the value of the session's cookie lies (RFC 6265, section 5.4).
    /// - Throws: `.malformed` when there are two of them.
    private static func cookie(_ headers: HeaderFields) throws(Fault) -> Range<Int>? {
        guard headers.contains(.cookie) else { return nil }
        let bytes = headers.bytes
        var found: Range<Int>?
        for field in headers.fields where field.known == .cookie {
            for pair in bytes[field.value].split(separator: UInt8(ascii: ";")) {
                let pair = pair.drop { $0 == UInt8(ascii: " ") }
                guard pair.starts(with: name), pair.count > name.count else { continue }
                guard found == nil else { throw Fault(.malformed, "Give one credential: the session's cookie is there twice.") }
                found = pair.startIndex + name.count..<pair.endIndex
            }
        }
        return found
    }

    private static let name = Array("\(SessionCookie.name)=".utf8)
}
