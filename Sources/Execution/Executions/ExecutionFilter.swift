// Which executions a caller means: for lists, and for what is done to many at once.

import Base

/// A choice among executions.
public struct ExecutionFilter: Sendable, Equatable {
    public var definition: DefinitionReference?
    /// Any of these states; none for all.
    public var states: [ExecutionState]
    public var trigger: ExecutionTrigger?
    public var errorClass: ErrorClass?
    public var parent: ExecutionID?

    public init(
        of definition: DefinitionReference? = nil, states: [ExecutionState] = [], trigger: ExecutionTrigger? = nil,
        errorClass: ErrorClass? = nil,
        parent: ExecutionID? = nil
    ) {
        self.definition = definition
        self.states = states
        self.trigger = trigger
        self.errorClass = errorClass
        self.parent = parent
    }

    /// Whether it chooses all.
    var isEmpty: Bool { self == ExecutionFilter() }

    /// The states as the database knows them; `nil` for all.
    var words: [String]? { states.isEmpty ? nil : states.map(\.rawValue) }

    /// The choice as a text, which cursors are bound to.
    public var name: String {
        let parts: [String] = [
            definition?.name ?? "", states.map(\.rawValue).joined(separator: ","), trigger?.rawValue ?? "",
            errorClass?.rawValue ?? "", parent?.description ?? "",
        ]
        return parts.joined(separator: " ")
    }
}
