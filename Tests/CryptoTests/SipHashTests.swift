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
        try #require(unsafe EVP_MAC_init(context, key, key.count, nil) == 1)
        try #require(unsafe EVP_MAC_update(context, message, message.count) == 1)
        var code = [UInt8](repeating: 0, count: 16)
        var count = 0
        try #require(unsafe EVP_MAC_final(context, &code, &count, 16) == 1)
        return code
    }

    @Test func `codes agree with the reference implementation`() {
        // The first and the last vectors of `vectors_sip128`: key 00…0f, messages of 0 and of 63 bytes counting up.
        let hash = SipHash(key: Secret(Array(0...15)))
        let none: [UInt8] = []
        let long = Array(UInt8(0)..<63)
        #expect(Hexadecimal.encode(hash.code(none).bytes) == "a3817f04ba25a8e66df67214c7550293")
        #expect(Hexadecimal.encode(hash.code(long).bytes) == "5150d1772f50834a503e069a973fbd7c")
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
