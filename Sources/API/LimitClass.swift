// The classes of calls that are counted in buckets of their own.

/// What kind of call an endpoint takes, as far as rates are concerned.
enum LimitClass: Sendable {
    /// Not counted: probes, metrics, public keys.
    case none
    /// Calls without a credential, by address.
    case anonymous
    /// Calls that try a credential, by address.
    case authentication
    /// Calls with a credential: by tenant, then by key or user.
    case standard
}
