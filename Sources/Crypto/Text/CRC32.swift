// The checksum of zlib, gzip and PNG (polynomial 0xEDB88320, reflected). It finds typing errors and cut-off copies, such as
// a mangled API key, before anything is asked of the database. It is no protection against an attacker.

/// The 32-bit cyclic redundancy check of ISO 3309, as in zlib.
public enum CRC32 {
    /// The checksum of `bytes`.
    public static func checksum(_ bytes: Span<UInt8>) -> UInt32 {
        var rest = UInt32.max
        for at in bytes.indices {
            rest = table[Int((rest ^ UInt32(bytes[at])) & 0xFF)] ^ (rest >> 8)
        }
        return ~rest
    }

    /// The checksum of `bytes`.
    public static func checksum(_ bytes: [UInt8]) -> UInt32 {
        checksum(bytes.span)
    }

    private static let table = InlineArray<256, UInt32> { index in
        var rest = UInt32(index)
        for _ in 0..<8 {
            rest = rest & 1 == 1 ? rest >> 1 ^ 0xEDB8_8320 : rest >> 1
        }
        return rest
    }
}
