// Who may make a tenant on this installation: the operator's decision.

/// Who may make a tenant.
public enum SignUpPolicy: String, Sendable, CaseIterable {
    /// Anybody.
    case open
    /// Whoever has a code of the operator's.
    case invite
    /// The operator alone.
    case closed
}
