// The parse itself: one pass over the bytes, no recursion, no allocation but the tape's growth. It is strict (RFC 8259): no byte order
// mark, no leading zero, no trailing bytes, no lone surrogate, no name twice. The zeros behind the text end every scan.

/// A cursor over the text that pushes tokens.
@unsafe struct JSONTokenizer {
    typealias Bytes = UnsafePointer<UInt8>

    let state: UnsafeMutablePointer<JSONDocument.State>
    let base: Bytes
    var at: Bytes
    var tokens: UnsafeMutablePointer<JSONToken>
    var count = 0
    var capacity: Int
    /// The index of the innermost open container; `none` outside of all.
    var open = UInt32.max
    var depth: Int
    let names: JSONDocument.Names

    static let none = UInt32.max

    /// Fills the tape of `state` from its bytes.
    static func run(
        _ state: UnsafeMutablePointer<JSONDocument.State>, _ names: JSONDocument.Names, depth: Int
    ) throws(JSONError) {
        var tokenizer = unsafe JSONTokenizer(
            state: state, base: Bytes(state.pointee.bytes), at: Bytes(state.pointee.bytes),
            tokens: state.pointee.tokens, capacity: state.pointee.tokenCapacity, depth: depth, names: names)
        do throws(JSONError) {
            try unsafe tokenizer.text()
        } catch {
            // A zero inside the text is refused for what it is; the first of those behind it means that the text has ended.
            let end = unsafe state.pointee.count
            throw error.offset >= end && error.reason != .empty ? JSONError(.truncated, at: end) : error
        }
        unsafe state.pointee.tokenCount = tokenizer.count
    }

    private mutating func text() throws(JSONError) {
        unsafe skipSpace()
        if unsafe offset >= state.pointee.count { throw unsafe failure(.empty) }
        try unsafe value()
        while unsafe open != JSONTokenizer.none {
            unsafe skipSpace()
            if unsafe tokens[Int(open)].kind == .array {
                try unsafe nextElement()
            } else {
                try unsafe nextMember()
            }
        }
        unsafe skipSpace()
        if unsafe offset < state.pointee.count { throw unsafe failure(.trailingBytes) }
    }

    // MARK: Structure

    /// After a value inside an array.
    @inline(__always) private mutating func nextElement() throws(JSONError) {
        switch unsafe at.pointee {
        case UInt8(ascii: ","):
            unsafe at += 1
            unsafe skipSpace()
            unsafe tokens[Int(open)].countOne()
            try unsafe value()
        case UInt8(ascii: "]"): unsafe close()
        default: throw unsafe failure(.commaOrBracketExpected)
        }
    }

    /// After a value inside an object.
    @inline(__always) private mutating func nextMember() throws(JSONError) {
        switch unsafe at.pointee {
        case UInt8(ascii: ","):
            unsafe at += 1
            unsafe skipSpace()
            try unsafe member()
        case UInt8(ascii: "}"):
            let object = unsafe Int(open)
            unsafe close()
            if unsafe names == .once { try unsafe JSONTokenizer.refuseTwins(object, tokens: tokens, bytes: base) }
        default: throw unsafe failure(.commaOrBraceExpected)
        }
    }

    /// A name, a colon and the first byte of a value.
    @inline(__always) private mutating func member() throws(JSONError) {
        guard unsafe at.pointee == UInt8(ascii: "\"") else { throw unsafe failure(.keyExpected) }
        unsafe tokens[Int(open)].countOne()
        try unsafe string(isName: true)
        unsafe skipSpace()
        guard unsafe at.pointee == UInt8(ascii: ":") else { throw unsafe failure(.colonExpected) }
        unsafe at += 1
        unsafe skipSpace()
        try unsafe value()
    }

    /// A scalar, or the opening of a container with its first name; what follows is the business of `text`.
    private mutating func value() throws(JSONError) {
        while true {
            switch unsafe at.pointee {
            case UInt8(ascii: "\""): return try unsafe string(isName: false)
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try unsafe number()
            case UInt8(ascii: "{"):
                try unsafe enter(.object)
                if unsafe at.pointee == UInt8(ascii: "}") { return unsafe close() }
                guard unsafe at.pointee == UInt8(ascii: "\"") else { throw unsafe failure(.keyExpected) }
                unsafe tokens[Int(open)].countOne()
                try unsafe string(isName: true)
                unsafe skipSpace()
                guard unsafe at.pointee == UInt8(ascii: ":") else { throw unsafe failure(.colonExpected) }
                unsafe at += 1
                unsafe skipSpace()
            case UInt8(ascii: "["):
                try unsafe enter(.array)
                if unsafe at.pointee == UInt8(ascii: "]") { return unsafe close() }
                unsafe tokens[Int(open)].countOne()
            case UInt8(ascii: "t"): return try unsafe word("true", .yes)
            case UInt8(ascii: "f"): return try unsafe word("false", .no)
            case UInt8(ascii: "n"): return try unsafe word("null", .null)
            default: throw unsafe failure(.valueExpected)
            }
        }
    }

    @inline(__always) private mutating func enter(_ kind: JSONToken.Kind) throws(JSONError) {
        guard unsafe depth > 0 else { throw unsafe failure(.tooDeep) }
        unsafe depth -= 1
        unsafe push(JSONToken(kind, start: offset, link: open))
        unsafe open = UInt32(truncatingIfNeeded: count - 1)
        unsafe at += 1
        unsafe skipSpace()
    }

    @inline(__always) private mutating func close() {
        unsafe at += 1
        unsafe depth += 1
        let index = unsafe Int(open)
        unsafe open = tokens[index].link
        unsafe tokens[index].link = UInt32(truncatingIfNeeded: count)
        unsafe tokens[index].length = UInt32(truncatingIfNeeded: offset) - tokens[index].start
    }

    // MARK: Scalars

    @inline(__always) private mutating func string(isName: Bool) throws(JSONError) {
        let start = unsafe at + 1
        var end = unsafe JSONText.plainEnd(start)
        var flags: UInt32 = 0
        if unsafe end.pointee != UInt8(ascii: "\"") {
            let rest = try unsafe JSONText.scanRest(from: end, base: base)
            unsafe end = rest.end
            flags = unsafe rest.flags
            if unsafe rest.holdsZero { unsafe state.pointee.holdsUnstorable = true }
        }
        unsafe at = end + 1
        var first = unsafe start - base
        var length = unsafe end - start
        guard isName else { return unsafe push(JSONToken(.string, start: first, length: length, flags: flags)) }
        if flags & JSONToken.escaped != 0 {
            (first, length) = unsafe JSONTokenizer.keepPlain(first, length, in: state)
            flags &= ~JSONToken.escaped
        }
        let hash = unsafe JSONText.hash(base + first, length)
        unsafe push(JSONToken(.string, start: first, length: length, link: hash, flags: flags))
    }

    @inline(__always) private mutating func number() throws(JSONError) {
        let start = unsafe at
        let scanned = try unsafe JSONNumber.scan(start, base: base)
        if unsafe scanned.isHuge { unsafe state.pointee.holdsUnstorable = true }
        unsafe at = scanned.end
        unsafe push(JSONToken(scanned.isInteger ? .integer : .decimal, start: start - base, length: at - start))
    }

    @inline(__always) private mutating func word(_ word: StaticString, _ kind: JSONToken.Kind) throws(JSONError) {
        let start = unsafe at
        for index in 0..<word.utf8CodeUnitCount {
            guard unsafe start[index] == word.utf8Start[index] else {
                throw unsafe JSONError(start[index] == 0 ? .truncated : .valueExpected, at: start + index - base)
            }
        }
        unsafe push(JSONToken(kind, start: start - base, length: word.utf8CodeUnitCount))
        unsafe at += word.utf8CodeUnitCount
    }

    // MARK: Small things

    @inline(__always) private var offset: Int { unsafe at - base }

    @inline(__always) private func failure(_ reason: JSONError.Reason) -> JSONError {
        unsafe JSONError(reason, at: offset)
    }

    @inline(__always) private mutating func skipSpace() {
        while unsafe at.pointee <= 0x20 {
            let byte = unsafe at.pointee
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            unsafe at += 1
        }
    }

    @inline(__always) private mutating func push(_ token: JSONToken) {
        if unsafe count == capacity {
            unsafe tokens = JSONTokenizer.grow(state, count: count)
            unsafe capacity = state.pointee.tokenCapacity
        }
        unsafe tokens[count] = token
        unsafe count += 1
    }

    @inline(never) private static func grow(
        _ state: UnsafeMutablePointer<JSONDocument.State>, count: Int
    ) -> UnsafeMutablePointer<JSONToken> {
        let capacity = 2 * count
        let grown = UnsafeMutablePointer<JSONToken>.allocate(capacity: capacity)
        unsafe grown.update(from: state.pointee.tokens, count: count)
        unsafe state.pointee.tokens.deallocate()
        unsafe state.pointee.tokens = grown
        unsafe state.pointee.tokenCapacity = capacity
        return unsafe grown
    }
}
