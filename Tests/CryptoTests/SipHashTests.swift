import Base
import COpenSSL
import Crypto
import Testing

@Suite struct SipHashTests {
    /// What OpenSSL says, which has the function, with 16 bytes unless told otherwise, but no quick way to it.
    private func reference(_ message: [UInt8], key: [UInt8]) throws -> [UInt8] {
        let method = unsafe EVP_MAC_fetch(nil, "SIPHASH", nil)
        let context = unsafe EVP_MAC_CTX_new(method)
        defer {
            unsafe EVP_MAC_CTX_free(context)
            unsafe EVP_MAC_free(method)
        }
        var (compression, finalization): (UInt32, UInt32) = (1, 3)
        let begun = unsafe withUnsafeMutablePointer(to: &compression) { compression in
            unsafe withUnsafeMutablePointer(to: &finalization) { finalization in
                let parameters = unsafe [
                    OSSL_PARAM_construct_uint("c-rounds", compression), OSSL_PARAM_construct_uint("d-rounds", finalization),
                    OSSL_PARAM_construct_end(),
                ]
                return unsafe EVP_MAC_CTX_set_params(context, parameters) & EVP_MAC_init(context, key, key.count, nil)
            }
        }
        try #require(begun == 1)
        try #require(unsafe EVP_MAC_update(context, message, message.count) == 1)
        var code = [UInt8](repeating: 0, count: 16)
        var count = 0
        try #require(unsafe EVP_MAC_final(context, &code, &count, 16) == 1)
        return code
    }

    @Test func `codes are the same on every machine`() {
        // What `openssl mac` says with c-rounds 1 and d-rounds 3: key 00…0f, messages of 0 and of 63 bytes counting up.
        let hash = SipHash(key: Secret(Array(0...15)))
        let none: [UInt8] = []
        let long = Array(UInt8(0)..<63)
        #expect(Hexadecimal.encode(hash.code(none).bytes) == "e77ebcb22788a5befd62db6add303001")
        #expect(Hexadecimal.encode(hash.code(long).bytes) == "4c5800e34efe426f079f6b0aa75260ad")
    }

    @Test func `codes agree with OpenSSL for random keys and messages of every length`() throws {
        for length in 0...200 {
            let key = Random.bytes(16)
            let message = Random.bytes(length)
            let code = SipHash(key: Secret(key)).code(message)
            #expect(try code.bytes == reference(message, key: key), "\(length) bytes")
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
