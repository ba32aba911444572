// The members of an object, in order. Objects are small: a name is looked for one by one. Order is kept but means nothing when two
// objects are compared.

/// Names and values, each name once.
public struct JSONObject: Sendable, Hashable {
    /// One name and its value.
    public struct Member: Sendable, Hashable {
        public let name: String
        public var value: JSONValue
    }

    public internal(set) var members: [Member] = []

    public init() {}

    public var count: Int { members.count }
    public var isEmpty: Bool { members.isEmpty }

    /// The value of a name. Setting `nil` takes the member away; a new name goes to the end.
    public subscript(name: String) -> JSONValue? {
        get { members.first { $0.name.utf8.elementsEqual(name.utf8) }?.value }
        set {
            let index = members.firstIndex { $0.name.utf8.elementsEqual(name.utf8) }
            switch (index, newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append(Member(name: name, value: value))
            case (nil, nil): break
            }
        }
    }

    /// This object with the members of `other` put over its own; not deep.
    public func merging(_ other: JSONObject) -> JSONObject {
        var merged = self
        for member in other.members { merged[member.name] = member.value }
        return merged
    }

    /// The members by the bytes of their names.
    var sorted: [Member] {
        members.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.count == right.count
            && zip(left.sorted, right.sorted).allSatisfy { one, other in
                one.name.utf8.elementsEqual(other.name.utf8) && one.value == other.value
            }
    }

    public func hash(into hasher: inout Hasher) {
        for member in sorted {
            for byte in member.name.utf8 { hasher.combine(byte) }
            hasher.combine(member.value)
        }
    }
}
