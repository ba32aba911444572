// The mask over what clients send (RFC 6455, section 5.3): an exclusive or with four bytes, so that no page can make a browser send bytes
// that something between would take for a request.

/// The four bytes of a mask.
public struct WebSocketMask: Sendable, Equatable {
    /// The bytes, the first one lowest.
    public let word: UInt32

    public init(_ first: UInt8, _ second: UInt8, _ third: UInt8, _ fourth: UInt8) {
        word = UInt32(first) | UInt32(second) << 8 | UInt32(third) << 16 | UInt32(fourth) << 24
    }

    /// A mask that nobody can foresee.
    public static func random() -> WebSocketMask {
        let word = UInt32.random(in: .min ... .max)
        return WebSocketMask(
            UInt8(truncatingIfNeeded: word), UInt8(truncatingIfNeeded: word >> 8), UInt8(truncatingIfNeeded: word >> 16),
            UInt8(truncatingIfNeeded: word >> 24))
    }

    /// The byte of the mask over the payload's byte at `offset`.
    @inline(__always) func byte(_ offset: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: word >> UInt32(8 * (offset & 3)))
    }
}

extension [UInt8] {
    /// Lays a mask over the bytes from `start` on, or takes it off; the byte at `start` is the payload's at `offset`.
    mutating func applyMask(_ mask: WebSocketMask, from start: Int = 0, offset: Int = 0) {
        let turned = WebSocketMask(mask.byte(offset), mask.byte(offset + 1), mask.byte(offset + 2), mask.byte(offset + 3))
        let wide = UInt64(turned.word) | UInt64(turned.word) << 32
        unsafe withUnsafeMutableBytes { bytes in
            var at = start
            while at + 8 <= bytes.count {
                let word = unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)) ^ wide
                unsafe bytes.storeBytes(of: word.littleEndian, toByteOffset: at, as: UInt64.self)
                at += 8
            }
            while at < bytes.count {
                unsafe bytes[at] ^= turned.byte(at - start)
                at += 1
            }
        }
    }
}
