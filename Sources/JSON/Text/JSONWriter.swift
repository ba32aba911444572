// Writes JSON straight into bytes: a response's buffer can be lent to it, and nothing else is allocated. It puts the commas; that names
// and values alternate is the caller's business. The buffer grows as needed: whoever writes bounds what is written.

public import Base

/// A cursor that appends JSON to bytes it owns.
@safe public struct JSONWriter: ~Copyable {
    /// Bytes that may be written up to their count; `used` of them are.
    @usableFromInline var room: [UInt8]
    @usableFromInline var used: Int
    /// A value stands before, so that the next name or element needs a comma.
    @usableFromInline var needsComma = false

    /// A writer of its own bytes.
    @inlinable public init(capacity: Int = 512) {
        room = [UInt8](repeating: 0, count: max(capacity, 64))
        used = 0
    }

    /// A writer that goes on behind the bytes that it is given.
    @inlinable public init(behind bytes: consuming [UInt8]) {
        used = bytes.count
        room = bytes
    }

    /// Appends to `bytes` what `body` writes, without a copy.
    @inlinable public static func append(to bytes: inout [UInt8], _ body: (inout JSONWriter) -> Void) {
        var lent: [UInt8] = []
        swap(&lent, &bytes)
        var writer = JSONWriter(behind: lent)
        lent = []
        body(&writer)
        bytes = writer.finish()
    }

    /// All bytes, those that were there before included.
    @inlinable public consuming func finish() -> [UInt8] {
        room.removeLast(room.count - used)
        return room
    }

    /// The number of bytes so far, those that were there before included.
    @inlinable public var count: Int { used }

    // MARK: Structure

    @inlinable @inline(__always) public mutating func beginObject() { open(UInt8(ascii: "{")) }
    @inlinable @inline(__always) public mutating func endObject() { close(UInt8(ascii: "}")) }
    @inlinable @inline(__always) public mutating func beginArray() { open(UInt8(ascii: "[")) }
    @inlinable @inline(__always) public mutating func endArray() { close(UInt8(ascii: "]")) }

    /// The name of a member that needs no escapes.
    @inlinable public mutating func key(_ name: StaticString) {
        let length = name.utf8CodeUnitCount
        let skipped = needsComma ? 1 : 0
        unsafe put(length + 4) { target in
            unsafe target[0] = UInt8(ascii: ",")
            unsafe target[skipped] = UInt8(ascii: "\"")
            unsafe (target + skipped + 1).update(from: name.utf8Start, count: length)
            unsafe target[skipped + length + 1] = UInt8(ascii: "\"")
            unsafe target[skipped + length + 2] = UInt8(ascii: ":")
            return skipped + length + 3
        }
        needsComma = false
    }

    /// The name of a member, prepared.
    @inlinable @inline(__always) public mutating func key(_ key: borrowing JSONKey) {
        let skipped = needsComma ? 1 : 0
        let words = key.words.count
        unsafe put(words &* 8 &+ 1) { target in
            unsafe target[0] = UInt8(ascii: ",")
            for index in 0..<words {
                unsafe UnsafeMutableRawPointer(target + (index &* 8 &+ skipped))
                    .storeBytes(of: key.words[index], as: UInt64.self)
            }
            return key.count &+ skipped
        }
        needsComma = false
    }

    /// The name of a member.
    @inlinable public mutating func key(name: String) {
        string(name)
        byte(UInt8(ascii: ":"))
        needsComma = false
    }

    // MARK: Scalars

    @inlinable public mutating func null() { literal("null") }
    @inlinable public mutating func bool(_ value: Bool) { literal(value ? "true" : "false") }

    /// Text that needs no escapes, in quotes.
    @inlinable public mutating func plain(_ text: StaticString) {
        comma()
        let length = text.utf8CodeUnitCount
        unsafe put(length + 2) { target in
            unsafe target[0] = UInt8(ascii: "\"")
            unsafe (target + 1).update(from: text.utf8Start, count: length)
            unsafe target[length + 1] = UInt8(ascii: "\"")
            return length + 2
        }
    }

    /// RFC 3339 in UTC with milliseconds.
    public mutating func timestamp(_ value: Timestamp) {
        let text = value.rfc3339Bytes
        let skipped = needsComma ? 1 : 0
        needsComma = true
        unsafe put(27) { target in
            unsafe target[0] = UInt8(ascii: ",")
            unsafe target[skipped] = UInt8(ascii: "\"")
            unsafe UnsafeMutableRawPointer(target + skipped + 1).storeBytes(of: text, as: InlineArray<24, UInt8>.self)
            unsafe target[skipped + 25] = UInt8(ascii: "\"")
            return skipped + 26
        }
    }

    /// The TypeID of an id.
    @inlinable public mutating func id<Kind>(_ value: ID<Kind>) { id(prefix: Kind.prefix, value.uuid) }

    @usableFromInline mutating func id(prefix: StaticString, _ value: UUIDBits) {
        let digits = value.base32Bytes
        let length = prefix.utf8CodeUnitCount
        let skipped = needsComma ? 1 : 0
        needsComma = true
        unsafe put(length + 30) { target in
            unsafe target[0] = UInt8(ascii: ",")
            let text = unsafe target + skipped
            unsafe text[0] = UInt8(ascii: "\"")
            unsafe (text + 1).update(from: prefix.utf8Start, count: length)
            unsafe text[length + 1] = UInt8(ascii: "_")
            unsafe UnsafeMutableRawPointer(text + length + 2).storeBytes(of: digits, as: InlineArray<26, UInt8>.self)
            unsafe text[length + 28] = UInt8(ascii: "\"")
            return skipped + length + 29
        }
    }

    /// A value that is JSON already.
    @inlinable public mutating func raw(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBufferPointer { source in unsafe raw(source) }
    }

    /// A value that is JSON already.
    @inlinable public mutating func raw(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let base = bytes.baseAddress else { return }
        comma()
        unsafe put(bytes.count) { target in
            unsafe target.update(from: base, count: bytes.count)
            return bytes.count
        }
    }

    // MARK: Inside

    /// Makes sure of that much room and lets `body` fill it; it returns how much it filled.
    @inlinable @inline(__always) mutating func put(_ most: Int, _ body: (UnsafeMutablePointer<UInt8>) -> Int) {
        if room.count &- used < most { grow(most) }
        let start = used
        used =
            unsafe start
            &+ room.withUnsafeMutableBufferPointer { buffer in
                unsafe body(buffer.baseAddress.unsafelyUnwrapped + start)
            }
    }

    @usableFromInline @inline(never) mutating func grow(_ more: Int) {
        let count = max(2 * used, used + more, 512)
        room.append(contentsOf: repeatElement(0, count: count - room.count))
    }

    @inlinable @inline(__always) mutating func byte(_ byte: UInt8) {
        unsafe put(1) { target in
            unsafe target.pointee = byte
            return 1
        }
    }

    /// The comma before an element, and the note that a value stands here.
    @inlinable @inline(__always) mutating func comma() {
        if needsComma { byte(UInt8(ascii: ",")) }
        needsComma = true
    }

    @inlinable @inline(__always) mutating func open(_ bracket: UInt8) {
        let skipped = needsComma ? 1 : 0
        needsComma = false
        unsafe put(2) { target in
            unsafe target[0] = UInt8(ascii: ",")
            unsafe target[skipped] = bracket
            return skipped &+ 1
        }
    }

    @inlinable @inline(__always) mutating func close(_ bracket: UInt8) {
        byte(bracket)
        needsComma = true
    }

    @inlinable @inline(__always) mutating func literal(_ text: StaticString) {
        let length = text.utf8CodeUnitCount
        let skipped = needsComma ? 1 : 0
        needsComma = true
        unsafe put(length &+ 1) { target in
            unsafe target[0] = UInt8(ascii: ",")
            unsafe (target + skipped).update(from: text.utf8Start, count: length)
            return skipped &+ length
        }
    }
}
