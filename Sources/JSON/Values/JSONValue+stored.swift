// Values as PostgreSQL's `jsonb` gives them back: members in its order, whatever order they were written in. Whoever makes text of a value
// that is kept and read back does it from this form, so that the text is the same before and after.

extension JSONValue {
    /// The value with its members in the order that `jsonb` keeps: shorter names first, those of one length by their bytes; of equal
    /// names the last counts. Recursion is bounded by the depth of what was parsed or made.
    /// - Parameter spelling: what becomes of texts and names; without it they stay.
    public func inStoredOrder(spelling: ((String) -> String)? = nil) -> JSONValue {
        switch self {
        case .string(let text): return spelling.map { .string($0(text)) } ?? self
        case .array(let elements): return .array(elements.map { $0.inStoredOrder(spelling: spelling) })
        case .object(let object):
            var result = JSONObject()
            result.members = JSONObject.stored(
                object.members.map { member in
                    JSONObject.Member(
                        name: spelling?(member.name) ?? member.name, value: member.value.inStoredOrder(spelling: spelling))
                })
            return .object(result)
        case .null, .bool, .integer, .double: return self
        }
    }

    /// The bytes of its text at the least: escapes and long numbers are not counted.
    /// - Returns: `nil` when there are more than `limit`; no more is looked at then, however often the same part is shared.
    public func size(atMost limit: Int) -> Int? {
        var left = limit
        return take(from: &left) ? limit - left : nil
    }

    private func take(from left: inout Int) -> Bool {
        switch self {
        case .null, .bool: left -= 4
        case .integer, .double: left -= 1
        case .string(let text): left -= text.utf8.count + 2
        case .array(let elements):
            left -= 1 + max(1, elements.count)
            guard left >= 0 else { return false }
            for element in elements where !element.take(from: &left) { return false }
        case .object(let object):
            left -= 1 + max(1, object.count)
            guard left >= 0 else { return false }
            for member in object.members {
                left -= member.name.utf8.count + 3
                guard member.value.take(from: &left) else { return false }
            }
        }
        return left >= 0
    }
}

extension JSONObject {
    /// Members in stored order, each name once.
    fileprivate static func stored(_ members: [Member]) -> [Member] {
        let isStored = zip(members, members.dropFirst()).allSatisfy { $0.0.isBefore($0.1) }
        guard !isStored else { return members }
        let order = members.indices.sorted { one, other in
            if members[one].isBefore(members[other]) { return true }
            return !members[other].isBefore(members[one]) && one < other
        }
        var result: [Member] = []
        result.reserveCapacity(members.count)
        for at in order {
            if let last = result.last, !last.isBefore(members[at]) { result.removeLast() }
            result.append(members[at])
        }
        return result
    }
}

extension JSONObject.Member {
    fileprivate func isBefore(_ other: Self) -> Bool {
        let (length, otherLength) = (name.utf8.count, other.name.utf8.count)
        return length == otherLength ? name.utf8.lexicographicallyPrecedes(other.name.utf8) : length < otherLength
    }
}
