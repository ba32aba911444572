// What a session is begun from: that somebody proved who he is.

import Base

/// A user who proved who he is, and how.
public struct ProvenLogin: Sendable {
    public let tenant: TenantID
    public let user: UserID
    public let amr: [AuthenticationMethod]

    public init(tenant: TenantID, user: UserID, amr: [AuthenticationMethod]) {
        self.tenant = tenant
        self.user = user
        self.amr = amr
    }
}
