// HKDF (RFC 5869): keys for separate uses out of one key. Extract and expand are two steps, since the second is often done
// many times after the first. What goes between them is a key, so it is held in secrets.

import Base

/// The extract-and-expand key derivation over one hash function.
public struct HKDF: Sendable {
    /// The hash function below.
    public let algorithm: HashAlgorithm

    public static let sha256 = HKDF(.sha256)
    public static let sha512 = HKDF(.sha512)

    public init(_ algorithm: HashAlgorithm) {
        self.algorithm = algorithm
    }

    /// The most bytes that one expansion gives: 255 digests (RFC 5869, section 2.3).
    public var outputByteLimit: Int { 255 * algorithm.byteCount }

    /// A key of `byteCount` bytes out of `key`, for the use that `info` names.
    /// - Throws: `.internalError` when `byteCount` is not 1 to `outputByteLimit`: nobody but our own code chooses it.
    public func derive(_ key: Secret, salt: [UInt8], info: [UInt8], byteCount: Int) throws(Fault) -> Secret {
        try expand(extract(key, salt: salt), info: info, byteCount: byteCount)
    }

    /// The pseudorandom key of `key`: as long as a digest. No salt is a salt of zeros, as in the RFC.
    public func extract(_ key: Secret, salt: [UInt8]) -> Secret {
        Secret(byteCount: algorithm.byteCount) { output in
            key.withSpan { key in HMAC(algorithm).write(key, key: salt.span, to: &output) }
        }
    }

    /// A key of `byteCount` bytes out of a pseudorandom key.
    /// - Throws: `.internalError` when `byteCount` is not 1 to `outputByteLimit`, or the pseudorandom key is shorter than a digest.
    public func expand(_ pseudorandomKey: Secret, info: [UInt8], byteCount: Int) throws(Fault) -> Secret {
        guard byteCount >= 1, byteCount <= outputByteLimit, pseudorandomKey.count >= algorithm.byteCount else {
            throw Fault(
                .internalError, "A key could not be derived.",
                cause: "HKDF-\(algorithm.rawValue): \(byteCount) bytes asked of a key of \(pseudorandomKey.count)")
        }
        // T(i) = HMAC(key, T(i-1) ‖ info ‖ i); the key is the first bytes of T(1) ‖ T(2) ‖ …
        return Secret(byteCount: byteCount) { output in
            var previous = Secret([])
            var written = 0
            for counter in 1...UInt8((byteCount + algorithm.byteCount - 1) / algorithm.byteCount) {
                previous = block(after: previous, info: info, counter: counter, key: pseudorandomKey)
                previous.withSpan { block in
                    let count = min(block.count, byteCount - written)
                    for at in 0..<count { output[written + at] = block[at] }
                    written += count
                }
            }
        }
    }

    private func block(after previous: Secret, info: [UInt8], counter: UInt8, key: Secret) -> Secret {
        let message = Secret(byteCount: previous.count + info.count + 1) { message in
            previous.withSpan { previous in
                for at in 0..<previous.count { message[at] = previous[at] }
            }
            for at in 0..<info.count { message[previous.count + at] = info[at] }
            message[previous.count + info.count] = counter
        }
        return Secret(byteCount: algorithm.byteCount) { output in
            key.withSpan { key in
                message.withSpan { message in HMAC(algorithm).write(message, key: key, to: &output) }
            }
        }
    }
}
