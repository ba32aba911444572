// What is wrong with an input, all of it at once. Paths grow outwards: a value notes its problem at the empty path, and whoever
// asked for the value puts its name in front. A sound input costs nothing here. Bound: `Problems.most`.

public import Base

/// The refused fields of one input.
public struct Problems: Sendable {
    /// Problems beyond this many are not kept: the caller has enough to mend.
    public static let most = 64
    /// Longer names of unknown fields are cut when they are repeated to the caller.
    static let nameCharacters = 100

    /// Why a field is refused: a part of the contract.
    public enum Code: String, Sendable, CaseIterable {
        case required, type, length, range, format, unknown, duplicate, limit, reference
        case enumeration = "enum"
    }

    public internal(set) var fields: [Fault.Field] = []

    @inlinable public init() {}

    @inlinable public var isEmpty: Bool { fields.isEmpty }
    @inlinable var count: Int { fields.count }

    /// Notes a problem of the value that is being read, or of what `path` leads to inside it.
    public mutating func add(_ code: Code, _ message: String, at path: String = "") {
        guard fields.count < Problems.most else { return }
        fields.append(Fault.Field(path, code.rawValue, message))
    }

    /// Puts a name or an index before the paths of the problems noted since there were `first`.
    @usableFromInline mutating func prefix(from first: Int, _ step: String) {
        for index in first..<fields.count {
            let field = fields[index]
            let isJoined = field.path.isEmpty || field.path.utf8.first == UInt8(ascii: "[")
            fields[index] = Fault.Field(step + (isJoined ? "" : ".") + field.path, field.code, field.message)
        }
    }

    /// The one fault that tells them all.
    public var fault: Fault {
        Fault(.invalid, fields.count == 1 ? "A field is not valid." : "\(fields.count) fields are not valid.", fields: fields)
    }
}
