// A rule of one's own on top of a shape, such as "a URL with a host". The shape is named by its type, `StringShape(1...200).refined(…)`:
// behind `.string(…)` the compiler does not take the closure for a Sendable one.

/// A shape and a further rule.
public struct RefinedShape<Base: ValueShape>: ValueShape {
    @usableFromInline let base: Base
    let code: Problems.Code
    let message: String
    let accepts: @Sendable (Base.Value) -> Bool

    public init(_ base: Base, _ code: Problems.Code, _ message: String, accepts: @escaping @Sendable (Base.Value) -> Bool) {
        self.base = base
        self.code = code
        self.message = message
        self.accepts = accepts
    }

    public func decode(_ view: JSONView, _ problems: inout Problems) -> Base.Value {
        let before = problems.count
        let value = base.decode(view, &problems)
        // What is wrong already need not be refused twice.
        if problems.count == before && !accepts(value) { problems.add(code, message) }
        return value
    }

    public var placeholder: Base.Value { base.placeholder }
    public var schema: SchemaNode { base.schema }
    public func describe(_ value: Base.Value) -> JSONValue? { base.describe(value) }
}

extension RefinedShape: TextShape where Base: TextShape {
    public func decode(text: String, _ problems: inout Problems) -> Base.Value {
        let before = problems.count
        let value = base.decode(text: text, &problems)
        if problems.count == before && !accepts(value) { problems.add(code, message) }
        return value
    }
}

extension ValueShape {
    /// The same with a further rule; `message` is what a caller is told whose value breaks it.
    public func refined(
        _ code: Problems.Code, _ message: String, accepts: @escaping @Sendable (Value) -> Bool
    ) -> RefinedShape<Self> {
        RefinedShape(self, code, message, accepts: accepts)
    }
}
