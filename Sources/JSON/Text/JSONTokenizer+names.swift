// Names of members: twins are refused, also when one of them is spelled with escapes. Small objects are checked with a mask of hashes
// and a comparison where it says so; large ones by sorting, so that a crafted text costs no more than any other.

extension JSONTokenizer {
    /// Up to this many members the mask is used.
    static var maskedMembers: Int { 32 }

    /// Throws when two names of the closed object are the same.
    @inline(__always) static func refuseTwins(
        _ object: Int, tokens: UnsafeMutablePointer<JSONToken>, bytes: Bytes
    ) throws(JSONError) {
        let members = unsafe tokens[object].count
        guard members > 1 else { return }
        let twin =
            unsafe members <= maskedMembers
            ? unsafe maskedTwin(object, members, tokens, bytes) : unsafe sortedTwin(object, members, tokens, bytes)
        if twin >= 0 { throw JSONError(.duplicateKey, at: twin) }
    }

    /// The offset of the value of the second of two equal names, or -1. (A plain name itself may stand behind the text.)
    private static func maskedTwin(
        _ object: Int, _ members: Int, _ tokens: UnsafeMutablePointer<JSONToken>, _ bytes: Bytes
    ) -> Int {
        var seen: UInt64 = 0
        var name = object + 1
        for _ in 0..<members {
            let bit = unsafe 1 &<< UInt64(tokens[name].link & 63)
            if seen & bit != 0 {
                var earlier = object + 1
                while earlier < name {
                    if unsafe order(tokens[earlier], tokens[name], bytes) == 0 { return unsafe Int(tokens[name + 1].start) }
                    earlier = unsafe after(earlier + 1, tokens)
                }
            }
            seen |= bit
            name = unsafe after(name + 1, tokens)
        }
        return -1
    }

    @inline(never) private static func sortedTwin(
        _ object: Int, _ members: Int, _ tokens: UnsafeMutablePointer<JSONToken>, _ bytes: Bytes
    ) -> Int {
        var names: [UInt32] = []
        names.reserveCapacity(members)
        var name = object + 1
        for _ in 0..<members {
            names.append(UInt32(name))
            name = unsafe after(name + 1, tokens)
        }
        names.sort { left, right in unsafe order(tokens[Int(left)], tokens[Int(right)], bytes) < 0 }
        for index in 1..<members {
            let (left, right) = (Int(names[index - 1]), Int(names[index]))
            if unsafe order(tokens[left], tokens[right], bytes) == 0 { return unsafe Int(tokens[max(left, right) + 1].start) }
        }
        return -1
    }

    /// The index of the token behind the value at `index`.
    @inline(__always) private static func after(_ index: Int, _ tokens: UnsafeMutablePointer<JSONToken>) -> Int {
        let token = unsafe tokens[index]
        return token.kind.rawValue >= JSONToken.Kind.array.rawValue ? Int(token.link) : index + 1
    }

    /// Some total order of names; 0 when they are the same bytes.
    @inline(__always) private static func order(_ left: JSONToken, _ right: JSONToken, _ bytes: Bytes) -> Int {
        if left.link != right.link { return left.link < right.link ? -1 : 1 }
        if left.length != right.length { return left.length < right.length ? -1 : 1 }
        for index in 0..<Int(left.length) {
            let (one, other) = unsafe (bytes[Int(left.start) + index], bytes[Int(right.start) + index])
            if one != other { return one < other ? -1 : 1 }
        }
        return 0
    }

    /// Puts the plain spelling of a name behind the text, and says where it is.
    @inline(never) static func keepPlain(
        _ start: Int, _ length: Int, in state: UnsafeMutablePointer<JSONDocument.State>
    ) -> (start: Int, length: Int) {
        let bytes = unsafe state.pointee.bytes
        let at = unsafe state.pointee.plainEnd
        let plain = unsafe JSONText.unescape(bytes + start, length, into: bytes + at)
        unsafe state.pointee.plainEnd = at + plain
        return (at, plain)
    }
}
