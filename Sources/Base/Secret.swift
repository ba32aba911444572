// What must never be shown: keys, passwords, tokens. A secret has no description, takes no part in interpolation by value,
// and its memory is overwritten when the last reference goes.

import CLinux

/// Bytes that are wiped when released and that print as `[secret]`.
@safe public final class Secret: @unchecked Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    // Written only in `init`, read afterwards, wiped in `deinit`: that is what makes it safe to share.
    private let storage: UnsafeMutableRawBufferPointer

    /// Copies `bytes`; the caller wipes its own copy where it can.
    public init(_ bytes: some Collection<UInt8>) {
        unsafe storage = .allocate(byteCount: max(bytes.count, 1), alignment: 16)
        unsafe storage.initializeMemory(as: UInt8.self, repeating: 0)
        unsafe storage.copyBytes(from: bytes)
        count = bytes.count
    }

    /// Copies the UTF-8 of `text`.
    public convenience init(_ text: String) {
        self.init(Array(text.utf8))
    }

    /// Makes `byteCount` bytes of zeros and lets `fill` write over them in place, so that no copy stands outside.
    public init<Failure: Error>(
        byteCount: Int, _ fill: (inout MutableSpan<UInt8>) throws(Failure) -> Void
    ) throws(Failure) {
        unsafe storage = .allocate(byteCount: max(byteCount, 1), alignment: 16)
        unsafe storage.initializeMemory(as: UInt8.self, repeating: 0)
        count = byteCount
        let start = unsafe storage.baseAddress!.assumingMemoryBound(to: UInt8.self)
        var bytes = unsafe UnsafeMutableBufferPointer(start: start, count: byteCount).mutableSpan
        try fill(&bytes)
    }

    deinit {
        unsafe insula_wipe(storage.baseAddress!, UInt(storage.count))
        unsafe storage.deallocate()
    }

    /// The number of bytes.
    public let count: Int

    /// The bytes, for as long as `body` runs. Nothing of them may leave it.
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        unsafe try body(UnsafeRawBufferPointer(rebasing: storage[0..<count]))
    }

    /// The bytes as a span, for as long as `body` runs. Nothing of them may leave it.
    public func withSpan<Result, Failure: Error>(_ body: (Span<UInt8>) throws(Failure) -> Result) throws(Failure) -> Result {
        let bytes = unsafe UnsafeRawBufferPointer(storage).assumingMemoryBound(to: UInt8.self)
        return try body(unsafe bytes.span.extracting(first: count))
    }

    public var description: String { "[secret]" }
    public var debugDescription: String { "[secret]" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
