// SipHash-1-3 with 128 bits of output (Aumasson and Bernstein, 2012; the rounds are those of hash tables elsewhere): a keyed name for a few
// hundred bytes, in a twentieth of the time of HMAC. A cache names credentials by it and so never keeps them; nobody without the key can
// make two that share a name: two messages collide inside with a probability of 2^-167 at best (Dobraunig, Mendel, Schläffer, 2014).
// It is no digest: whoever knows the key can forge, so the key is made at start and never leaves the process.

import Base

/// A pseudorandom function of 128 bits under a key of 128 bits.
public struct SipHash: Sendable {
    /// The length of a key.
    public static let keyByteCount = 16

    private let first: UInt64
    private let second: UInt64

    /// A function under a key of its own, for names that live as long as the process.
    public init() {
        self.init(key: Random.secret(byteCount: Self.keyByteCount))
    }

    /// The function under `key`, which has 16 bytes.
    public init(key: Secret) {
        precondition(key.count == Self.keyByteCount, "a key of SipHash has 16 bytes")
        (first, second) = key.withSpan { key in (Self.word(key, at: 0), Self.word(key, at: 8)) }
    }

    /// 16 bytes that name a message.
    public struct Code: Sendable, Hashable {
        /// Bytes 0 to 7 and 8 to 15, least significant first.
        public let words: (UInt64, UInt64)

        /// The 16 bytes in the order of the reference implementation.
        public var bytes: [UInt8] {
            [words.0, words.1].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) } }
        }

        /// Takes the same time wherever the two differ.
        public static func == (left: Self, right: Self) -> Bool {
            (left.words.0 ^ right.words.0) | (left.words.1 ^ right.words.1) == 0
        }

        public func hash(into hasher: inout Hasher) {
            // Half of a keyed name is as good as all of it to find a place.
            hasher.combine(words.0)
        }
    }

    /// The name of `message`.
    public func code(_ message: Span<UInt8>) -> Code {
        var state = State(first: first, second: second)
        var at = 0
        let wholeWords = message.count & ~7
        while at < wholeWords {
            state.absorb(Self.word(message, at: at))
            at += 8
        }
        // The last word: what is left of the message, and its length modulo 256 in the highest byte.
        var last = UInt64(truncatingIfNeeded: message.count) << 56
        var shift: UInt64 = 0
        while at < message.count {
            last |= UInt64(message[at]) << shift
            shift += 8
            at += 1
        }
        state.absorb(last)
        state.v2 ^= 0xEE
        let low = state.finished()
        state.v1 ^= 0xDD
        return Code(words: (low, state.finished()))
    }

    /// The name of `message`.
    public func code(_ message: [UInt8]) -> Code {
        code(message.span)
    }

    /// Eight bytes as a number, least significant first; they lie within `bytes`.
    @inline(__always) private static func word(_ bytes: Span<UInt8>, at offset: Int) -> UInt64 {
        // Bounds are checked by the call, once for eight bytes.
        unsafe UInt64(littleEndian: bytes.bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    private struct State {
        var v0: UInt64
        var v1: UInt64
        var v2: UInt64
        var v3: UInt64

        init(first: UInt64, second: UInt64) {
            v0 = first ^ 0x736F_6D65_7073_6575
            v1 = second ^ 0x646F_7261_6E64_6F6D ^ 0xEE
            v2 = first ^ 0x6C79_6765_6E65_7261
            v3 = second ^ 0x7465_6462_7974_6573
        }

        @inline(__always) mutating func absorb(_ word: UInt64) {
            v3 ^= word
            round()
            v0 ^= word
        }

        @inline(__always) mutating func finished() -> UInt64 {
            round()
            round()
            round()
            return v0 ^ v1 ^ v2 ^ v3
        }

        @inline(__always) private mutating func round() {
            v0 &+= v1
            v1 = v1 &<< 13 | v1 &>> 51
            v1 ^= v0
            v0 = v0 &<< 32 | v0 &>> 32
            v2 &+= v3
            v3 = v3 &<< 16 | v3 &>> 48
            v3 ^= v2
            v0 &+= v3
            v3 = v3 &<< 21 | v3 &>> 43
            v3 ^= v0
            v2 &+= v1
            v1 = v1 &<< 17 | v1 &>> 47
            v1 ^= v2
            v2 = v2 &<< 32 | v2 &>> 32
        }
    }
}
