// A tenant that a test made for itself, with its owner's key.

import Base
import Identity
import Tenancy

/// A tenant of a `TestServer`.
public struct TestTenant: Sendable {
    public let id: TenantID
    public let slug: String
    /// The text of the owner's key.
    public let key: String
    let server: TestServer

    /// A client with the owner's key.
    public func client() -> TestClient { server.client(key: key) }

    /// A client with a new key of that role.
    public func client(_ role: Role) async throws(Fault) -> TestClient {
        server.client(key: try await key(role))
    }

    /// The text of a new key.
    public func key(_ role: Role, expiresAt: Timestamp? = nil) async throws(Fault) -> String {
        try await server.key(CreateAPIKey(name: "test", role: role, expiresAt: expiresAt), of: id)
    }
}
