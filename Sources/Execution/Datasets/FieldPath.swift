// Where a value lies in a record: names and places in arrays, as in `customer.addresses[0].city`. A dot, a bracket or a backslash that
// belongs to a name stands behind a backslash.
// Bounds: `steps` steps, `nameBytes` a name, `index` for places in arrays.

import Base
import JSON

/// The way to a value inside a record.
public struct FieldPath: Sendable, Hashable, CustomStringConvertible {
    /// One step on the way.
    enum Step: Sendable, Hashable {
        case name(String)
        case index(Int)
    }

    /// The most steps of a path.
    public static let stepLimit = 16
    /// The most bytes of a name.
    public static let nameBytes = 200
    /// The places in arrays that can be named.
    public static let indices = 0...99_999

    let steps: [Step]

    init(steps: [Step]) {
        self.steps = steps
    }

    /// The path to a member of the record itself.
    public init(name: String) {
        steps = [.name(name)]
    }

    /// Reads a path; `nil` when it is malformed or too long.
    public init?(_ text: String) {
        var steps: [Step] = []
        var name: [UInt8] = []
        let bytes = Array(text.utf8)
        var at = 0
        // A name may begin here: at the start and behind a dot.
        var wantsName = true
        while at <= bytes.count {
            let byte = at < bytes.count ? bytes[at] : UInt8(ascii: ".")
            switch byte {
            case UInt8(ascii: "\\") where at + 1 < bytes.count:
                guard wantsName else { return nil }
                name.append(bytes[at + 1])
                at += 1
            case UInt8(ascii: "."), UInt8(ascii: "["):
                if wantsName {
                    guard !name.isEmpty, name.count <= FieldPath.nameBytes else { return nil }
                    steps.append(.name(String(decoding: name, as: UTF8.self)))
                    name = []
                }
                wantsName = byte == UInt8(ascii: ".")
                if !wantsName {
                    guard let (index, end) = FieldPath.index(bytes, at + 1) else { return nil }
                    steps.append(.index(index))
                    at = end
                }
            case 0, UInt8(ascii: "]"), UInt8(ascii: "\\"): return nil
            default:
                guard wantsName else { return nil }
                name.append(byte)
            }
            at += 1
        }
        guard !steps.isEmpty, steps.count <= FieldPath.stepLimit else { return nil }
        self.steps = steps
    }

    /// The number at `start` and the place of the bracket behind it.
    private static func index(_ bytes: [UInt8], _ start: Int) -> (Int, Int)? {
        guard let end = bytes[start...].firstIndex(of: UInt8(ascii: "]")), end > start, end - start <= 5,
            bytes[start..<end].allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
            let number = Int(String(decoding: bytes[start..<end], as: UTF8.self)), indices.contains(number)
        else { return nil }
        return (number, end)
    }

    public var description: String {
        var text = ""
        for step in steps {
            switch step {
            case .name(let name):
                if !text.isEmpty { text += "." }
                for scalar in name.unicodeScalars {
                    if ".[]\\".unicodeScalars.contains(scalar) { text += "\\" }
                    text.unicodeScalars.append(scalar)
                }
            case .index(let index): text += "[\(index)]"
            }
        }
        return text
    }

    /// The steps as the operator `#>` of PostgreSQL takes them.
    var texts: [String] {
        steps.map { step in
            switch step {
            case .name(let name): name
            case .index(let index): String(index)
            }
        }
    }

    // MARK: In a record

    /// The value at the end of the path; `nil` when there is none.
    func value(in record: JSONObject) -> JSONValue? {
        guard case .name(let first)? = steps.first, var value = record[first] else { return nil }
        for step in steps.dropFirst() {
            let next: JSONValue? =
                switch step {
                case .name(let name): value[name]
                case .index(let index): value[index]
                }
            guard let next else { return nil }
            value = next
        }
        return value
    }

    /// Puts a value at the end of the path, with the objects on the way made where they are missing; `nil` takes it away.
    /// - Returns: whether it could be put there: not past the end of an array, nor into what holds no members.
    @discardableResult func put(_ value: JSONValue?, in record: inout JSONObject) -> Bool {
        var whole = JSONValue.object(record)
        guard FieldPath.put(value, steps[...], &whole), let object = whole.object else { return false }
        record = object
        return true
    }

    /// Recursion is bounded by `stepLimit`.
    private static func put(_ value: JSONValue?, _ steps: ArraySlice<Step>, _ target: inout JSONValue) -> Bool {
        guard let step = steps.first else {
            target = value ?? .null
            return true
        }
        let isLast = steps.count == 1
        switch (step, target) {
        case (.name(let name), .object(var object)):
            if isLast {
                object[name] = value
            } else {
                if object[name] == nil && value == nil { return true }
                var inner = object[name] ?? .object(JSONObject())
                guard put(value, steps.dropFirst(), &inner) else { return false }
                object[name] = inner
            }
            target = .object(object)
            return true
        case (.index(let index), .array(var elements)):
            guard elements.indices.contains(index) else { return value == nil }
            if isLast, value == nil {
                elements.remove(at: index)
            } else {
                guard put(value, steps.dropFirst(), &elements[index]) else { return false }
            }
            target = .array(elements)
            return true
        default: return value == nil
        }
    }
}

/// A path as a field of an input.
struct FieldPathShape: ValueShape {
    static let characters = 1...800

    func decode(_ view: JSONView, _ problems: inout Problems) -> FieldPath {
        let before = problems.fields.count
        let text = StringShape(FieldPathShape.characters).decode(view, &problems)
        guard problems.fields.count == before else { return placeholder }
        guard let path = FieldPath(text) else {
            problems.add(.format, "This must be a path such as `address.lines[0]`.")
            return placeholder
        }
        return path
    }

    var placeholder: FieldPath { FieldPath(name: "field") }
    var schema: SchemaNode { StringShape(FieldPathShape.characters).schema }
    func describe(_ value: FieldPath) -> JSONValue? { .string(value.description) }
}

extension ValueShape where Self == FieldPathShape {
    /// The path of a field.
    static var fieldPath: FieldPathShape { FieldPathShape() }
}
