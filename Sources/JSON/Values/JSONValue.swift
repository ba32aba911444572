// JSON without a declared shape: what a caller sends as free input, and what tools pass to each other. It owns all it holds and can be
// kept. Numbers are exact integers of 64 bits or doubles; text that has to stay digit for digit is passed on as `JSONRaw` instead.

public import Base

/// Any JSON value.
public enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int)
    case double(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// Copies a value out of its document. `1.0` becomes the integer 1, and so does every number whose nearest double is an integer of
    /// 64 bits, since that is what would be written for it; a number beyond the finite doubles is refused.
    public init(_ view: JSONView) throws(Fault) {
        switch view.kind {
        case .null: self = .null
        case .bool: self = .bool(view.bool == true)
        case .string: self = .string(view.string() ?? "")
        case .number:
            if let integer = view.int {
                self = .integer(integer)
            } else if let double = view.double {
                self = Int(exactly: double).map { .integer($0) } ?? .double(double)
            } else {
                throw .invalid("", "range", "A number is too large.")
            }
        case .array:
            var elements: [JSONValue] = []
            elements.reserveCapacity(view.count)
            for element in view.elements { elements.append(try JSONValue(element)) }
            self = .array(elements)
        case .object:
            var object = JSONObject()
            object.members.reserveCapacity(view.count)
            for (name, value) in view.members {
                object.members.append(JSONObject.Member(name: name.string() ?? "", value: try JSONValue(value)))
            }
            self = .object(object)
        }
    }

    /// Reads a text.
    public init(parsing text: [UInt8]) throws(Fault) {
        let document: JSONDocument
        do throws(JSONError) { document = try JSONDocument(text) } catch { throw error.fault }
        try self.init(document.root)
    }

    /// The text, members in the order they have.
    public var bytes: [UInt8] {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.finish()
    }

    /// The one text of this value: members sorted by the bytes of their names, no space. Equal values have equal texts, so that they
    /// can be hashed.
    public var canonicalBytes: [UInt8] {
        var writer = JSONWriter()
        write(to: &writer, isSorted: true)
        return writer.finish()
    }

    public func write(to writer: inout JSONWriter) { write(to: &writer, isSorted: false) }

    private func write(to writer: inout JSONWriter, isSorted: Bool) {
        switch self {
        case .null: writer.null()
        case .bool(let value): writer.bool(value)
        case .integer(let value): writer.int(value)
        case .double(let value):
            // A double that is an integer was made by hand; it reads back as one, so its one text is the integer's.
            if isSorted, let integer = Int(exactly: value) { writer.int(integer) } else { writer.double(value) }
        case .string(let value): writer.string(value)
        case .array(let elements):
            writer.beginArray()
            for element in elements { element.write(to: &writer, isSorted: isSorted) }
            writer.endArray()
        case .object(let object):
            writer.beginObject()
            for member in isSorted ? object.sorted : object.members {
                writer.key(name: member.name)
                member.value.write(to: &writer, isSorted: isSorted)
            }
            writer.endObject()
        }
    }
}

extension JSONValue {
    // MARK: Looking inside

    public var isNull: Bool { self == .null }

    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The number as an exact integer.
    public var int: Int? {
        switch self {
        case .integer(let value): value
        case .double(let value): Int(exactly: value)
        default: nil
        }
    }

    public var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    public var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    public var array: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    public var object: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    /// The value of the member of that name; `nil` when there is none, or this is no object.
    public subscript(name: String) -> JSONValue? { object?[name] }

    /// The element at that place; `nil` when there is none, or this is no array.
    public subscript(index: Int) -> JSONValue? {
        guard let array, array.indices.contains(index) else { return nil }
        return array[index]
    }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(nilLiteral: ()) { self = .null }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
    public init(stringLiteral value: String) { self = .string(value) }
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        var object = JSONObject()
        for (name, value) in elements { object[name] = value }
        self = .object(object)
    }
}
