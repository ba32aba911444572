// An operator's credential that was checked, as a value: what only operators may do takes one, and `Operators` alone makes them. It opens
// nothing of a tenant's own routes, just as no tenant's permit opens anything here.

import Base

/// Who runs the installation, and on behalf of which request.
public struct OperatorPermit: Sendable {
    public let `operator`: OperatorID
    /// Signs what is handed to this operator and comes back, such as cursors.
    public let signingKey: Secret
    /// The request that the permit was given for; not to be kept beyond it.
    public let request: any RequestContext

    init(operator id: OperatorID, signingKey: Secret, request: any RequestContext) {
        `operator` = id
        self.signingKey = signingKey
        self.request = request
    }
}
