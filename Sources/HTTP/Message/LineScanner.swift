// Finds the ends of the lines of a head that arrives in pieces, looking at no byte twice. A line ends with CR LF and nothing else:
// a bare LF is refused, because other readers of the same bytes might not see a line end there.

import Glibc

/// Where the next line of a growing buffer ends. Offsets count from the start of the head.
struct LineScanner: Sendable {
    /// Where the line that is looked for begins.
    private(set) var lineStart: Int
    /// Up to here there is no line feed after `lineStart`.
    private var scanned: Int

    init(from start: Int = 0) {
        lineStart = start
        scanned = start
    }

    /// The next line without its line end, or `nil` when it has not arrived wholly. `lineStart` moves behind it.
    @inline(__always)
    mutating func next(_ bytes: Span<UInt8>) throws(Refusal) -> Range<Int>? {
        guard let feed = bytes.firstLineFeed(from: scanned) else {
            scanned = bytes.count
            return nil
        }
        guard feed > lineStart, bytes[feed - 1] == 0x0D else {
            throw .malformed("A line of the head ends with a bare line feed.")
        }
        let line = lineStart..<feed - 1
        lineStart = feed + 1
        scanned = lineStart
        return line
    }
}

extension Span<UInt8> {
    /// The offset of the first line feed from `start` on.
    @inline(__always)
    func firstLineFeed(from start: Int) -> Int? {
        guard start < count else { return nil }
        return unsafe withUnsafeBufferPointer { buffer -> Int? in
            guard let base = buffer.baseAddress else { return nil }
            guard let found = unsafe memchr(base + start, 0x0A, buffer.count - start) else { return nil }
            return unsafe UnsafeRawPointer(found) - UnsafeRawPointer(base)
        }
    }
}
