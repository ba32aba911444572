// A parsed text: its bytes, and a flat tape of tokens over them. There is no tree: strings and numbers are read from the bytes when
// somebody asks. A document can be used again and again; once it has grown to the texts it sees, a parse allocates nothing.
// Bounds: `Limits.jsonBytes` for the text, `Limits.jsonDepth` for the nesting; the tape takes at most 8 bytes for each byte of text.

public import Base

/// A JSON text, read once. Views into it are good until the next parse or reset.
@safe public final class JSONDocument {
    /// What the document owns. It lives apart, so that reading it costs no check of exclusive access.
    @usableFromInline @unsafe struct State {
        /// The text, eight zeros, then the names that had escapes, in their plain spelling, and eight zeros more.
        @usableFromInline var bytes: UnsafeMutablePointer<UInt8>
        @usableFromInline var byteCapacity: Int
        /// The number of bytes of the text.
        @usableFromInline var count = 0
        /// Where the next plain name goes.
        @usableFromInline var plainEnd = 0
        @usableFromInline var tokens: UnsafeMutablePointer<JSONToken>
        @usableFromInline var tokenCapacity: Int
        @usableFromInline var tokenCount = 0
        /// Counts parses, so that a view of an earlier one is noticed.
        @usableFromInline var generation: UInt32 = 0
        /// There is a U+0000 or a number beyond a double somewhere: what PostgreSQL's `jsonb` may refuse.
        @usableFromInline var holdsUnstorable = false
    }

    @usableFromInline let state: UnsafeMutablePointer<State>

    /// What is made of a name that an object has twice. RFC 8259 leaves it open; two readers that choose differently are a way in.
    public enum Names: Sendable {
        /// It is refused: for all that callers send.
        case once
        /// It is taken, the first one found by lookups: for texts of others that we merely look into.
        case repeated
    }

    /// Zeros behind the text, so that eight bytes can be read at once from any place, and every scan ends by itself.
    static let padding = 8
    /// What a reset keeps for the next text.
    static let keptBytes = 64 << 10

    /// An empty document, to be filled by `parse`.
    public init() {
        let bytes = 1024
        let tokens = 128
        unsafe state = .allocate(capacity: 1)
        unsafe state.initialize(
            to: State(
                bytes: .allocate(capacity: bytes), byteCapacity: bytes,
                tokens: .allocate(capacity: tokens), tokenCapacity: tokens))
    }

    /// A document of that text.
    public convenience init(_ bytes: [UInt8], names: Names = .once) throws(JSONError) {
        self.init()
        try parse(bytes.span, names: names)
    }

    deinit {
        unsafe state.pointee.bytes.deallocate()
        unsafe state.pointee.tokens.deallocate()
        unsafe state.deallocate()
    }

    /// Reads a text, which replaces the one before. When it is refused the document is empty.
    public func parse(
        _ text: Span<UInt8>, names: Names = .once, depth: Int = Limits.jsonDepth, limit: Int = Limits.jsonBytes
    ) throws(JSONError) {
        precondition(limit <= Limits.jsonBytes, "offsets and counts on the tape reach as far as Limits.jsonBytes")
        clear()
        guard text.count <= limit else { throw JSONError(.tooLarge, at: limit) }
        take(text)
        try unsafe JSONTokenizer.run(state, names, depth: depth)
    }

    /// Reads a text, which replaces the one before. When it is refused the document is empty.
    public func parse(_ text: [UInt8]) throws(JSONError) {
        try parse(text.span)
    }

    /// Forgets the text, and gives memory back that was grown for an unusually large one.
    public func reset() {
        clear()
        guard unsafe state.pointee.byteCapacity > JSONDocument.keptBytes else { return }
        unsafe state.pointee.bytes.deallocate()
        unsafe state.pointee.tokens.deallocate()
        unsafe state.pointee.byteCapacity = 1024
        unsafe state.pointee.bytes = .allocate(capacity: 1024)
        unsafe state.pointee.tokenCapacity = 128
        unsafe state.pointee.tokens = .allocate(capacity: 128)
    }

    /// The value of the text. There has to be one: a document that was never filled, or whose text was refused, has none.
    @inlinable public var root: JSONView {
        unsafe precondition(state.pointee.tokenCount > 0, "the document holds no text")
        return unsafe JSONView(document: self, index: 0, generation: state.pointee.generation)
    }

    private func clear() {
        unsafe state.pointee.generation &+= 1
        unsafe state.pointee.tokenCount = 0
        unsafe state.pointee.count = 0
        unsafe state.pointee.holdsUnstorable = false
    }

    /// Copies the text behind which the zeros stand.
    private func take(_ text: Span<UInt8>) {
        // Plain names are never longer than their escaped spelling, so twice the text is always enough and nothing moves later.
        let needed = 2 * (text.count + JSONDocument.padding)
        if unsafe state.pointee.byteCapacity < needed {
            unsafe state.pointee.bytes.deallocate()
            unsafe state.pointee.bytes = .allocate(capacity: needed)
            unsafe state.pointee.byteCapacity = needed
        }
        let bytes = unsafe state.pointee.bytes
        unsafe text.withUnsafeBufferPointer { source in
            if let base = source.baseAddress { unsafe bytes.update(from: base, count: source.count) }
        }
        unsafe (bytes + text.count).update(repeating: 0, count: JSONDocument.padding)
        unsafe state.pointee.count = text.count
        unsafe state.pointee.plainEnd = text.count + JSONDocument.padding
    }
}
