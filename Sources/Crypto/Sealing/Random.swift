// Unpredictable bytes from OpenSSL's generator, which the kernel seeds. A process whose generator fails can't make
// a key, a token or a nonce safely, so failure ends it: no caller could go on.

import Base
import COpenSSL

/// The source of keys, tokens, salts and nonces.
public enum Random {
    /// That many random bytes.
    public static func bytes(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var span = bytes.mutableSpan
        fill(&span)
        return bytes
    }

    /// That many random bytes that never stand outside memory that is wiped.
    public static func secret(byteCount: Int) -> Secret {
        Secret(byteCount: byteCount) { bytes in fill(&bytes) }
    }

    private static func fill(_ bytes: inout MutableSpan<UInt8>) {
        precondition(bytes.count <= Int(Int32.max), "one call draws at most 2 GiB of random bytes")
        guard !bytes.isEmpty else { return }
        let status = unsafe bytes.withUnsafeMutableBufferPointer { buffer in
            unsafe RAND_priv_bytes(buffer.baseAddress, Int32(buffer.count))
        }
        precondition(status == 1, "the random generator of OpenSSL has failed; no key can be made safely")
    }
}
