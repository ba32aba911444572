// SHA-256 as a value: what tokens and keys are looked up by. Comparable in one step and usable as a key of a dictionary,
// without an array behind it.

import Base

/// The digest of SHA-256 (FIPS 180-4).
public enum SHA256 {
    /// The digest of `bytes`.
    public static func digest(_ bytes: Span<UInt8>) -> Digest {
        var words = InlineArray<4, UInt64>(repeating: 0)
        var span = words.mutableSpan
        unsafe span.withUnsafeMutableBytes { buffer in
            unsafe HashAlgorithm.sha256.write(digestOf: bytes, to: buffer.baseAddress!.assumingMemoryBound(to: UInt8.self))
        }
        return Digest(words[0], words[1], words[2], words[3])
    }

    /// The digest of `bytes`.
    public static func digest(_ bytes: [UInt8]) -> Digest {
        digest(bytes.span)
    }

    /// The digest of a secret, which may be stored and compared where the secret may not.
    public static func digest(_ secret: Secret) -> Digest {
        secret.withSpan { bytes in digest(bytes) }
    }

    /// 32 bytes.
    public struct Digest: Sendable, Hashable, CustomStringConvertible {
        /// The bytes as they lie in memory, whatever the order of the machine.
        private let words: (UInt64, UInt64, UInt64, UInt64)

        init(_ first: UInt64, _ second: UInt64, _ third: UInt64, _ fourth: UInt64) {
            words = (first, second, third, fourth)
        }

        /// Takes 32 bytes that are a digest already, such as a column of a row; `nil` when they are not 32.
        public init?(_ bytes: some Collection<UInt8>) {
            guard bytes.count == 32 else { return nil }
            var words = InlineArray<4, UInt64>(repeating: 0)
            for (at, byte) in bytes.enumerated() {
                words[at >> 3] |= UInt64(byte) << UInt64(8 * (at & 7))
            }
            self.init(
                UInt64(littleEndian: words[0]), UInt64(littleEndian: words[1]),
                UInt64(littleEndian: words[2]), UInt64(littleEndian: words[3]))
        }

        /// The 32 bytes.
        public var bytes: InlineArray<32, UInt8> {
            InlineArray { at in self[at] }
        }

        /// The 32 bytes as an array.
        public var array: [UInt8] { (0..<32).map { self[$0] } }

        /// 64 lower-case hexadecimal digits.
        public var description: String { Hexadecimal.encode(array) }

        private subscript(at: Int) -> UInt8 {
            let word =
                switch at >> 3 {
                case 0: words.0
                case 1: words.1
                case 2: words.2
                default: words.3
                }
            return UInt8(truncatingIfNeeded: word.littleEndian >> UInt64(8 * (at & 7)))
        }

        /// Takes the same time wherever the two differ.
        public static func == (left: Self, right: Self) -> Bool {
            (left.words.0 ^ right.words.0) | (left.words.1 ^ right.words.1)
                | (left.words.2 ^ right.words.2) | (left.words.3 ^ right.words.3) == 0
        }

        public func hash(into hasher: inout Hasher) {
            hasher.combine(words.0)
            hasher.combine(words.1)
            hasher.combine(words.2)
            hasher.combine(words.3)
        }
    }
}
