// The description of a shape, for people and for programs: JSON Schema 2020-12 as OpenAPI 3.1 uses it. It is made when a document
// is asked for, never while a request is served.

/// A described shape.
public struct SchemaNode: Sendable {
    /// What values are taken.
    public indirect enum Shape: Sendable {
        case any
        case boolean
        case integer(ClosedRange<Int>?)
        case number(ClosedRange<Double>?)
        /// Text of so many characters, perhaps of a named format or a pattern.
        case string(length: ClosedRange<Int>?, format: String? = nil, pattern: String? = nil)
        case enumeration([String])
        case array(of: SchemaNode, count: ClosedRange<Int>?)
        /// An object of just these members; `isOpen` when others are taken too.
        case object([Property], isOpen: Bool = false)
        /// An object of any names, each with such a value.
        case map(of: SchemaNode, count: ClosedRange<Int>?)
        /// A shape with a name of its own, written as a reference. It is looked into only once, so that shapes may contain themselves.
        case named(String, definition: @Sendable () -> SchemaNode)
    }

    /// A member of an object.
    public struct Property: Sendable {
        public let name: String
        public let node: SchemaNode
        public let isRequired: Bool

        public init(_ name: String, _ node: SchemaNode, isRequired: Bool = true) {
            self.name = name
            self.node = node
            self.isRequired = isRequired
        }
    }

    public var shape: Shape
    /// `null` is taken too.
    public var isNullable = false
    public var summary = ""
    /// What stands for a value that is not given.
    public var standard: JSONValue?
    public var example: JSONValue?

    public init(_ shape: Shape, _ summary: String = "") {
        self.shape = shape
        self.summary = summary
    }

    /// The same with another description; an empty one changes nothing.
    public func described(_ summary: String) -> SchemaNode {
        var node = self
        if !summary.isEmpty { node.summary = summary }
        return node
    }

    /// The same, `null` taken too.
    public var nullable: SchemaNode {
        var node = self
        node.isNullable = true
        return node
    }

    /// The same with a value that stands for none.
    public func standing(for standard: JSONValue?) -> SchemaNode {
        var node = self
        node.standard = standard
        return node
    }
}
