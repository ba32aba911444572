// Puts the chunked transfer coding on a body (RFC 9112, section 7.1), straight into the buffer that is sent.

import Base

/// Writes chunks.
public enum ChunkedEncoder {
    /// The most bytes that a chunk costs beside its data.
    public static let overheadBytes = 20

    /// Appends the line before a chunk of `count` bytes, which must be positive: a chunk of none would end the body.
    public static func begin(count: Int, into buffer: inout [UInt8]) {
        precondition(count > 0, "An empty chunk would end the body.")
        var shift = (63 - count.leadingZeroBitCount) & ~3
        while shift >= 0 {
            buffer.append(hexadecimalDigit(UInt8(truncatingIfNeeded: count >> shift) & 15))
            shift -= 4
        }
        end(into: &buffer)
    }

    /// Appends the line end behind a chunk's data.
    public static func end(into buffer: inout [UInt8]) {
        buffer.append(0x0D)
        buffer.append(0x0A)
    }

    /// Appends a whole chunk; nothing when `data` is empty.
    public static func append(_ data: Span<UInt8>, into buffer: inout [UInt8]) {
        guard !data.isEmpty else { return }
        begin(count: data.count, into: &buffer)
        unsafe data.withUnsafeBufferPointer { unsafe buffer.append(contentsOf: $0) }
        end(into: &buffer)
    }

    /// Appends the last chunk and an empty trailer section.
    public static func finish(into buffer: inout [UInt8]) {
        buffer.append(UInt8(ascii: "0"))
        end(into: &buffer)
        end(into: &buffer)
    }
}
