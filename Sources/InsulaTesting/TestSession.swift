// Sessions for tests, begun as a login begins them but without its price, and the key that signs the tokens of a server under test, for
// tokens that it would never give out.

import Assembly
import Base
import Crypto
import Identity
import JSON
import Loop
import Postgres
import Tenancy

/// A session of a test's person.
public struct TestSession: Sendable {
    public let id: String
    /// The access token; empty when a cookie carries the session.
    public let accessToken: String
    public let refreshToken: String
    /// The value of the cookie; empty when tokens carry the session.
    public let cookie: String
    let server: TestServer

    init(_ new: NewSession, _ server: TestServer) {
        id = new.id.description
        accessToken = new.accessToken.map(TestServer.spell) ?? ""
        refreshToken = new.refreshToken.map(TestServer.spell) ?? ""
        cookie = new.cookie.map(TestServer.spell) ?? ""
        self.server = server
    }

    /// A client that is in this session, at the server that it was begun at or at another.
    public func client(_ other: TestServer? = nil, headers: [(String, String)] = []) -> TestClient {
        let server = other ?? server
        if cookie.isEmpty { return server.client(key: accessToken, headers: headers) }
        return server.client(headers: [("cookie", "\(SessionCookie.name)=\(cookie)")] + headers)
    }
}

extension TestPerson {
    /// A new session.
    public func session(
        _ kind: LoginSession.Kind = .token, amr: [AuthenticationMethod] = [.password]
    ) async throws(Fault) -> TestSession {
        let login = ProvenLogin(tenant: tenant.id, user: id, amr: amr)
        let composition = tenant.server.composition
        let outcome = await tenant.server.group.loops[0].call { () -> Result<NewSession, Fault> in
            do throws(Fault) {
                let new = try await composition.database.session(.tenant(login.tenant)) { session throws(Fault) in
                    try await composition.sessions.begin(login, kind: kind, in: session, for: InternalRequest.shared)
                }
                return .success(new)
            } catch {
                return .failure(error)
            }
        }
        return TestSession(try outcome.get(), tenant.server)
    }
}

extension TestServer {
    /// The key that signs access tokens at present, with its id.
    public func signingKey() throws -> (id: String, key: Ed25519PrivateKey) {
        let rows = try database.connectAsSuperuser().rows(
            "SELECT key_id, encode(sealed_key, 'hex') FROM signing_keys WHERE activates_at <= now() ORDER BY generation DESC LIMIT 1"
        )
        let id = rows.first?[0] ?? ""
        let sealed = Hexadecimal.decode(rows.first?[1] ?? "") ?? []
        let seed = try rootKey.sealingKey("signing-keys").open(sealed, binding: Array("signing key \(id)".utf8))
        guard let key = Ed25519PrivateKey(seed: seed) else { throw Fault(.internalError, "The signing key is not one.") }
        return (id, key)
    }
}
