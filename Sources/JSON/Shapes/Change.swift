// A field of a partial update, which has three states where an optional has two.

/// What a PATCH says about a field: nothing, that it be emptied, or its new value. The difference between the first two is the whole
/// point of a PATCH (RFC 7396), and an optional can't tell it.
public enum Change<Value> {
    case absent
    case null
    case value(Value)

    /// What the field will be, given what it is.
    @inlinable public func applied(to current: Value?) -> Value? {
        switch self {
        case .absent: current
        case .null: nil
        case .value(let value): value
        }
    }

    @inlinable public var isAbsent: Bool {
        if case .absent = self { true } else { false }
    }
}

extension Change: Sendable where Value: Sendable {}
extension Change: Equatable where Value: Equatable {}
