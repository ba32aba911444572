// Integers, numbers and truth values.

/// An integer within a range.
public struct IntegerShape: TextShape {
    @usableFromInline let range: ClosedRange<Int>

    @inlinable public init(_ range: ClosedRange<Int>) {
        self.range = range
    }

    @inlinable public func decode(_ view: JSONView, _ problems: inout Problems) -> Int {
        if let value = view.int, value >= range.lowerBound, value <= range.upperBound { return value }
        refuse(isNumber: view.kind == .number, isInteger: view.int != nil || view.isWhole, &problems)
        return range.lowerBound
    }

    public func decode(text: String, _ problems: inout Problems) -> Int {
        let value = Int(text)
        if let value, range.contains(value) { return value }
        refuse(isNumber: value != nil, isInteger: value != nil, &problems)
        return range.lowerBound
    }

    @usableFromInline func refuse(isNumber: Bool, isInteger: Bool, _ problems: inout Problems) {
        if isNumber && isInteger {
            problems.add(.range, "This must be from \(range.lowerBound) to \(range.upperBound).")
        } else {
            problems.add(.type, "This must be an integer.")
        }
    }

    public var placeholder: Int { range.lowerBound }
    public var schema: SchemaNode { SchemaNode(.integer(range)) }
    public func describe(_ value: Int) -> JSONValue? { .integer(value) }
}

/// A number within a range.
public struct NumberShape: TextShape {
    let range: ClosedRange<Double>

    public init(_ range: ClosedRange<Double>) {
        self.range = range
    }

    public func decode(_ view: JSONView, _ problems: inout Problems) -> Double {
        check(view.double, isNumber: view.kind == .number, &problems)
    }

    public func decode(text: String, _ problems: inout Problems) -> Double {
        let value = Double(text)
        return check(value, isNumber: value != nil, &problems)
    }

    private func check(_ value: Double?, isNumber: Bool, _ problems: inout Problems) -> Double {
        if let value, range.contains(value) { return value }
        if isNumber {
            problems.add(.range, "This must be from \(range.lowerBound) to \(range.upperBound).")
        } else {
            problems.add(.type, "This must be a number.")
        }
        return range.lowerBound
    }

    public var placeholder: Double { range.lowerBound }
    public var schema: SchemaNode { SchemaNode(.number(range)) }
    public func describe(_ value: Double) -> JSONValue? { .double(value) }
}

/// True or false.
public struct BooleanShape: TextShape {
    @inlinable public init() {}

    @inlinable public func decode(_ view: JSONView, _ problems: inout Problems) -> Bool {
        if let value = view.bool { return value }
        problems.add(.type, "This must be true or false.")
        return false
    }

    public func decode(text: String, _ problems: inout Problems) -> Bool {
        if text != "true" && text != "false" { problems.add(.type, "This must be true or false.") }
        return text == "true"
    }

    public var placeholder: Bool { false }
    public var schema: SchemaNode { SchemaNode(.boolean) }
    public func describe(_ value: Bool) -> JSONValue? { .bool(value) }
}

extension ValueShape where Self == IntegerShape {
    /// An integer within that range.
    @inlinable public static func integer(_ range: ClosedRange<Int>) -> IntegerShape { IntegerShape(range) }
}

extension ValueShape where Self == NumberShape {
    /// A number within that range.
    public static func number(_ range: ClosedRange<Double>) -> NumberShape { NumberShape(range) }
}

extension ValueShape where Self == BooleanShape {
    /// True or false.
    @inlinable public static var boolean: BooleanShape { BooleanShape() }
}

extension JSONView {
    /// A number with neither fraction nor exponent, of any size.
    @usableFromInline var isWhole: Bool { token.kind == .integer }
}
