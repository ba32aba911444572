// Where a credential stands in a request: `Authorization: Bearer …` or `X-API-Key`, one of them, never the URL.

import Base
import HTTP
import Identity
import Tenancy

extension Authenticator {
    /// The scope of the request with that head.
    /// - Throws: `.unauthenticated`; `.malformed` when two credentials are given; `.forbidden` when `X-Tenant-ID` disagrees.
    func scope(of head: RequestHead) async throws(Fault) -> TenantScope {
        let headers = head.headers
        let scope: TenantScope
        switch (headers.range(of: .authorization), headers.range(of: .apiKey)) {
        case (nil, nil): throw Fault(.unauthenticated, "A credential is required: Authorization: Bearer KEY.")
        case (.some, .some): throw Fault(.malformed, "Give one credential: Authorization or X-API-Key.")
        case (nil, .some(let range)): scope = try await find(headers.bytes, range)
        case (.some(let range), nil):
            guard let token = Authenticator.bearer(headers.bytes, range) else {
                throw Fault(.unauthenticated, "The scheme of Authorization is Bearer.")
            }
            scope = try await find(headers.bytes, token)
        }
        if let named = headers.text(of: .tenantID), TenantID(named) != scope.tenant {
            throw Fault(.forbidden, "X-Tenant-ID is not the tenant of the credential.")
        }
        return scope
    }

    private func find(_ bytes: [UInt8], _ range: Range<Int>) async throws(Fault) -> TenantScope {
        // The head is used again when the next request comes, and this one may wait for the database: the text is copied.
        if let known = cached(bytes.span.extracting(range)) { return known }
        return try await scope(key: Array(bytes[range]))
    }

    /// Where the token lies in `Bearer TOKEN`; neither the scheme's case nor the number of spaces matters (RFC 9110, sections 11.1, 11.4).
    private static func bearer(_ bytes: [UInt8], _ range: Range<Int>) -> Range<Int>? {
        let scheme = Array("bearer ".utf8)
        guard range.count > scheme.count else { return nil }
        for (at, byte) in scheme.enumerated() where bytes[range.lowerBound + at] | 0x20 != byte { return nil }
        var start = range.lowerBound + scheme.count
        while start < range.upperBound, bytes[start] == UInt8(ascii: " ") { start += 1 }
        return start..<range.upperBound
    }
}
