import Base
import Crypto
import Testing

@Suite struct SipHashTests {
    @Test func `codes are what others compute`() {
        // What `openssl mac` says with c-rounds 1 and d-rounds 3: key 00…0f, messages of that many bytes counting up.
        let hash = SipHash(key: Secret(Array(0...15)))
        for (count, code) in [
            (0, "e77ebcb22788a5befd62db6add303001"), (1, "fc6f370460d3eda85e0573cc2b2ff063"),
            (7, "1084b923f2aae0c3a62f2ec80848ab77"), (8, "aa12fee1d5e3dab4724f16ab35f9c799"),
            (63, "4c5800e34efe426f079f6b0aa75260ad"),
        ] as [(UInt8, String)] {
            #expect(Hexadecimal.encode(hash.code(Array(0..<count)).bytes) == code, "\(count) bytes")
        }
    }

    @Test func `equal messages have equal codes, and any bit of message or key makes another`() {
        let key = Random.bytes(16)
        let hash = SipHash(key: Secret(key))
        let message = Random.bytes(40)
        let code = hash.code(message)
        #expect(hash.code(message) == code)
        var seen: Set<SipHash.Code> = [code]
        for bit in 0..<320 {
            var changed = message
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            seen.insert(hash.code(changed))
        }
        for bit in 0..<128 {
            var changed = key
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            seen.insert(SipHash(key: Secret(changed)).code(message))
        }
        #expect(seen.count == 1 + 320 + 128)
        #expect(SipHash().code(message) != SipHash().code(message))
    }
}
