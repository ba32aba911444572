// Elements of arrays and members of objects, in the order of the text. Names are compared as bytes.

extension JSONView {
    /// The number of elements or members; 0 for what has none.
    public var count: Int {
        let token = token
        return token.kind.rawValue >= JSONToken.Kind.array.rawValue ? token.count : 0
    }

    /// The elements of an array; none for what is no array.
    @inlinable public var elements: Elements {
        let token = token
        let isArray = token.kind == .array
        return Elements(parent: self, next: Int(index) + 1, remaining: isArray ? token.count : 0)
    }

    /// The members of an object; none for what is no object.
    @inlinable public var members: Members {
        let token = token
        let isObject = token.kind == .object
        return Members(parent: self, next: Int(index) + 1, remaining: isObject ? token.count : 0)
    }

    /// The value of the member of that name; `nil` when there is none, or this is no object.
    public subscript(name: String) -> JSONView? {
        var name = name
        return name.withUTF8 { bytes in
            guard let start = bytes.baseAddress else { return unsafe member(UnsafePointer(document.state.pointee.bytes), 0) }
            return unsafe member(start, bytes.count)
        }
    }

    /// The value of the member of that name; `nil` when there is none, or this is no object.
    @inlinable public func member(_ name: StaticString) -> JSONView? {
        unsafe member(name.utf8Start, name.utf8CodeUnitCount)
    }

    @usableFromInline func member(_ name: UnsafePointer<UInt8>, _ count: Int) -> JSONView? {
        let token = token
        guard token.kind == .object else { return nil }
        var hint = Int(index) + 1
        return unsafe find(name, count, hint: &hint).map(at)
    }

    /// The index of the value of that name in this object. It is looked for from `hint` on, then from the first member up to there;
    /// `hint` is left behind the value found, where the next name probably is.
    @inlinable @inline(__always) func find(_ name: UnsafePointer<UInt8>, _ count: Int, hint: inout Int) -> Int? {
        let tokens = unsafe UnsafePointer(document.state.pointee.tokens)
        let bytes = unsafe UnsafePointer(document.state.pointee.bytes)
        let end = unsafe Int(tokens[Int(index)].link)
        let start = hint
        var at = start
        var isSecondRound = false
        while true {
            if at >= end {
                if isSecondRound { return nil }
                isSecondRound = true
                at = Int(index) &+ 1
            }
            if isSecondRound && at >= start { return nil }
            let key = unsafe tokens[at]
            let value = unsafe tokens[at &+ 1]
            let next = value.kind.rawValue >= JSONToken.Kind.array.rawValue ? Int(value.link) : at &+ 2
            if unsafe Int(key.length) == count && equal(bytes + Int(key.start), name, count) {
                hint = next
                return at &+ 1
            }
            at = next
        }
    }

    /// The elements of an array.
    public struct Elements: Sequence, IteratorProtocol {
        @usableFromInline let parent: JSONView
        @usableFromInline var cursor: Int
        @usableFromInline var remaining: Int

        @inlinable init(parent: JSONView, next: Int, remaining: Int) {
            self.parent = parent
            cursor = next
            self.remaining = remaining
        }

        @inlinable public mutating func next() -> JSONView? {
            guard remaining > 0 else { return nil }
            remaining -= 1
            let element = parent.at(cursor)
            cursor = element.end
            return element
        }
    }

    /// The members of an object.
    public struct Members: Sequence, IteratorProtocol {
        @usableFromInline let parent: JSONView
        @usableFromInline var cursor: Int
        @usableFromInline var remaining: Int

        @inlinable init(parent: JSONView, next: Int, remaining: Int) {
            self.parent = parent
            cursor = next
            self.remaining = remaining
        }

        /// A name, which is a view of a string, and its value.
        @inlinable public mutating func next() -> (name: JSONView, value: JSONView)? {
            guard remaining > 0 else { return nil }
            remaining -= 1
            let name = parent.at(cursor)
            let value = parent.at(cursor + 1)
            cursor = value.end
            return (name, value)
        }
    }
}
