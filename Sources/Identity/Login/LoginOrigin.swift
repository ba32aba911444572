// What a request to log in says beside its body.

import Tenancy

/// Where a login comes from.
public struct LoginOrigin: Sendable {
    /// What headers and host call the tenant.
    public var naming: TenantNaming
    /// The caller's address, or the /64 of one of version 6; `nil` when nobody called from outside.
    public let addressBlock: String?
    /// The device token of a cookie.
    public let deviceToken: String?
    public let request: any RequestContext

    public init(naming: TenantNaming, addressBlock: String?, deviceToken: String?, request: any RequestContext) {
        self.naming = naming
        self.addressBlock = addressBlock
        self.deviceToken = deviceToken
        self.request = request
    }
}
