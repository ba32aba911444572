// The credential of somebody who reads for long: kept as long as he reads, and asked about again and again, so that whoever is logged out,
// revoked or suspended reads no further.

import Base
import HTTP
import Identity
import Tenancy

/// A credential that was good when it was given.
struct LiveCredential: Sendable {
    private let text: Secret
    private let place: Authenticator.Place
    private let address: IPAddress?

    init(_ text: Secret, in place: Authenticator.Place, from address: IPAddress?) {
        self.text = text
        self.place = place
        self.address = address
    }

    /// What it opens now.
    /// - Throws: `.unauthenticated` when it opens nothing; `.unavailable` when nobody can say.
    func scope(by authenticator: Authenticator) async throws(Fault) -> TenantScope {
        let known = try text.withSpan { (span: Span<UInt8>) throws(Fault) -> TenantScope? in
            try authenticator.cached(span, in: place, from: address)
        }
        if let known { return known }
        return try await authenticator.scope(unsafe text.withBytes { unsafe Array($0) }, in: place, from: address)
    }
}
