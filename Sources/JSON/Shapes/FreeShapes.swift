// Values without a shape of ours, bounded in bytes, and in levels where more is put around them later. Neither U+0000 nor a number beyond the doubles is taken: the store would refuse
// the whole row for it.

internal import Base

/// Any JSON of at most so many bytes, as a value.
public struct FreeShape: ValueShape {
    let bytes: Int
    let isObject: Bool

    public init(bytes: Int, isObject: Bool) {
        self.bytes = bytes
        self.isObject = isObject
    }

    public func decode(_ view: JSONView, _ problems: inout Problems) -> JSONValue {
        guard view.isFree(bytes: bytes, isObject: isObject, &problems) else { return placeholder }
        do throws(Fault) {
            return try JSONValue(view)
        } catch {
            problems.add(.range, error.message)
            return placeholder
        }
    }

    public var placeholder: JSONValue { isObject ? .object(JSONObject()) : .null }
    public var schema: SchemaNode { SchemaNode(isObject ? .object([], isOpen: true) : .any) }
    public func describe(_ value: JSONValue) -> JSONValue? { value }
}

/// Any JSON of at most so many bytes, as the text it came in.
public struct RawShape: ValueShape {
    let bytes: Int
    let depth: Int?
    let isObject: Bool

    /// - Parameter depth: the most levels of arrays and objects, where what is put around the value later needs some of the room.
    public init(bytes: Int, depth: Int? = nil, isObject: Bool) {
        self.bytes = bytes
        self.depth = depth
        self.isObject = isObject
    }

    public func decode(_ view: JSONView, _ problems: inout Problems) -> JSONRaw {
        guard view.isFree(bytes: bytes, isObject: isObject, &problems) else { return placeholder }
        // What is that deep takes two bytes a level at least.
        if let depth, view.rawCount > 2 * depth, view.isDeeper(than: depth) {
            problems.add(.limit, "This may be nested at most \(depth) levels deep.")
            return placeholder
        }
        return JSONRaw(view)
    }

    public var placeholder: JSONRaw { isObject ? .emptyObject : .null }
    public var schema: SchemaNode { SchemaNode(isObject ? .object([], isOpen: true) : .any) }
    public func describe(_ value: JSONRaw) -> JSONValue? { try? JSONValue(parsing: value.bytes) }
}

extension ValueShape where Self == FreeShape {
    /// Any JSON of at most so many bytes.
    public static func json(bytes: Int) -> FreeShape { FreeShape(bytes: bytes, isObject: false) }
    /// Any object of at most so many bytes.
    public static func object(bytes: Int) -> FreeShape { FreeShape(bytes: bytes, isObject: true) }
}

extension ValueShape where Self == RawShape {
    /// Any JSON of at most so many bytes, passed on as text.
    public static func rawJSON(bytes: Int, depth: Int? = nil) -> RawShape {
        RawShape(bytes: bytes, depth: depth, isObject: false)
    }
    /// Any object of at most so many bytes, passed on as text.
    public static func rawObject(bytes: Int, depth: Int? = nil) -> RawShape {
        RawShape(bytes: bytes, depth: depth, isObject: true)
    }
}

extension JSONView {
    /// Whether arrays and objects stand within each other over more levels. Recursion is bounded by `depth`.
    func isDeeper(than depth: Int) -> Bool {
        switch kind {
        case .array: depth == 0 || elements.contains { $0.isDeeper(than: depth - 1) }
        case .object: depth == 0 || members.contains { $0.value.isDeeper(than: depth - 1) }
        case .string, .number, .null, .bool: false
        }
    }

    /// Checks kind, size and content of a free value.
    func isFree(bytes: Int, isObject: Bool, _ problems: inout Problems) -> Bool {
        if isObject && kind != .object {
            problems.add(.type, "This must be an object.")
        } else if rawCount > bytes {
            problems.add(.length, "This may have at most \(bytes) bytes.")
        } else if unsafe document.state.pointee.holdsUnstorable && !isStorable {
            problems.add(.format, "This may hold neither the character U+0000 nor a number beyond the range of a double.")
        } else {
            return true
        }
        return false
    }

    /// Nothing in here would be refused by `jsonb`. Recursion is bounded by the depth of the document.
    private var isStorable: Bool {
        switch kind {
        case .string: string()?.utf8.contains(0) == false
        case .number: double != nil && rawCount <= JSONNumber.storableBytes
        case .array: elements.allSatisfy(\.isStorable)
        case .object: members.allSatisfy { $0.name.string()?.utf8.contains(0) == false && $0.value.isStorable }
        case .null, .bool: true
        }
    }
}
