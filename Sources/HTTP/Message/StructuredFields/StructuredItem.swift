// What a structured field is made of (RFC 9651, section 3).

/// A value with its parameters.
public struct StructuredItem: Sendable, Equatable {
    /// A value alone.
    public enum Bare: Sendable, Equatable {
        /// At most 15 digits.
        case integer(Int)
        /// In thousandths; at most 12 digits before the point.
        case decimal(thousandths: Int)
        /// Visible ASCII and blanks.
        case string(String)
        case token(String)
        case bytes([UInt8])
        case boolean(Bool)
        /// Seconds since 1970.
        case date(Int)
        /// Any Unicode text.
        case displayString(String)
    }

    /// A parameter: a name and its value.
    public struct Parameter: Sendable, Equatable {
        public let name: String
        public let value: Bare

        public init(_ name: String, _ value: Bare) {
            self.name = name
            self.value = value
        }
    }

    public let value: Bare
    /// In the order of their first mention; each name once, with its last value.
    public let parameters: [Parameter]

    public init(_ value: Bare, _ parameters: [Parameter] = []) {
        self.value = value
        self.parameters = parameters
    }

    /// The value of the parameter of that name.
    public subscript(name: String) -> Bare? { parameters.first { $0.name == name }?.value }
}

/// A member of a list or of a dictionary.
public enum StructuredMember: Sendable, Equatable {
    case item(StructuredItem)
    /// A list in parentheses, with parameters of its own.
    case inner([StructuredItem], [StructuredItem.Parameter])

    /// The item, when it is one.
    public var item: StructuredItem? {
        if case .item(let item) = self { item } else { nil }
    }
}
