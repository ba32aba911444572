// Values made of values: arrays and maps, bounded in their count, each element of one shape.

/// An array of so many elements of one shape.
public struct ArrayShape<Element: ValueShape>: ValueShape {
    @usableFromInline let element: Element
    @usableFromInline let range: ClosedRange<Int>

    @inlinable public init(of element: Element, _ range: ClosedRange<Int>) {
        self.element = element
        self.range = range
    }

    @inlinable public func decode(_ view: JSONView, _ problems: inout Problems) -> [Element.Value] {
        guard view.kind == .array else {
            problems.add(.type, "This must be an array.")
            return []
        }
        guard checkCount(view.count, &problems) else { return [] }
        var values: [Element.Value] = []
        values.reserveCapacity(view.count)
        for item in view.elements {
            let before = problems.count
            values.append(element.decode(item, &problems))
            if problems.count > before { problems.prefix(from: before, "[\(values.count - 1)]") }
        }
        return values
    }

    @usableFromInline func checkCount(_ count: Int, _ problems: inout Problems) -> Bool {
        if count >= range.lowerBound && count <= range.upperBound { return true }
        problems.add(.length, "This must have \(range.lowerBound) to \(range.upperBound) elements.")
        return false
    }

    public var placeholder: [Element.Value] { [] }
    public var schema: SchemaNode { SchemaNode(.array(of: element.schema, count: range)) }

    public func describe(_ value: [Element.Value]) -> JSONValue? {
        let described = value.compactMap(element.describe)
        return described.count == value.count ? .array(described) : nil
    }
}

/// An object of so many members of any name, each with a value of one shape.
public struct MapShape<Element: ValueShape>: ValueShape {
    /// The longest name of a member, in characters.
    public static var nameCharacters: Int { 200 }

    let element: Element
    let range: ClosedRange<Int>

    public init(of element: Element, _ range: ClosedRange<Int>) {
        self.element = element
        self.range = range
    }

    public func decode(_ view: JSONView, _ problems: inout Problems) -> [String: Element.Value] {
        guard view.kind == .object else {
            problems.add(.type, "This must be an object.")
            return [:]
        }
        guard range.contains(view.count) else {
            problems.add(.length, "This must have \(range.lowerBound) to \(range.upperBound) members.")
            return [:]
        }
        var values: [String: Element.Value] = [:]
        values.reserveCapacity(view.count)
        for (name, value) in view.members {
            let before = problems.count
            let text = name.string() ?? ""
            if name.characterCount > Self.nameCharacters || text.utf8.contains(0) {
                problems.add(.length, "A name may have at most \(Self.nameCharacters) characters, none of them U+0000.")
            }
            values[text] = element.decode(value, &problems)
            if problems.count > before { problems.prefix(from: before, String(text.prefix(Problems.nameCharacters))) }
        }
        return values
    }

    public var placeholder: [String: Element.Value] { [:] }
    public var schema: SchemaNode { SchemaNode(.map(of: element.schema, count: range)) }
}

extension ValueShape {
    /// An array of so many elements.
    @inlinable public static func array<Element>(of element: Element, _ range: ClosedRange<Int>) -> Self
    where Self == ArrayShape<Element> {
        ArrayShape(of: element, range)
    }

    /// An object of so many members of any name.
    public static func map<Element>(of element: Element, _ range: ClosedRange<Int>) -> Self
    where Self == MapShape<Element> {
        MapShape(of: element, range)
    }
}
