// What a process of the installation is for.

/// What a process does.
public enum NodeRole: String, Sendable, CaseIterable {
    /// It answers requests and works on executions.
    case all
    /// It answers requests, and leaves the work to others.
    case api
    /// It works, and answers only whether it is well.
    case worker
}
