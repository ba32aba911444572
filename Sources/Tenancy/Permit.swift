// A right that was checked, as a value: an operation that changes agents takes a `Permit<AgentsWrite>`, which only a scope that holds the
// right can give. It also says on behalf of which request the operation runs.

/// A scope that was checked for one right.
public struct Permit<Needed: Permission>: Sendable {
    public let scope: TenantScope
    /// The request that the permit was given for; not to be kept beyond it.
    public let request: any RequestContext

    init(scope: TenantScope, request: any RequestContext) {
        self.scope = scope
        self.request = request
    }
}
