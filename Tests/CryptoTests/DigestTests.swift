import Base
import Crypto
import Testing

@Suite struct DigestTests {
    @Test(arguments: [
        (HashAlgorithm.sha1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            .sha512,
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        ),
    ])
    func `the digest of abc is that of FIPS 180-4`(_ algorithm: HashAlgorithm, _ expected: String) {
        #expect(Hexadecimal.encode(algorithm.digest(Array("abc".utf8))) == expected)
        #expect(algorithm.digest([]).count == algorithm.byteCount)
    }

    @Test func `a digest of no bytes and of a million bytes agree with FIPS 180-4`() {
        #expect(SHA256.digest([]).description == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        let million = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
        #expect(SHA256.digest(million).description == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test func `a digest as a value has the bytes of the digest as an array`() throws {
        let bytes = Random.bytes(77)
        let digest = SHA256.digest(bytes)
        #expect(digest.array == HashAlgorithm.sha256.digest(bytes))
        for at in 0..<32 { #expect(digest.bytes[at] == digest.array[at]) }
        #expect(SHA256.Digest(digest.array) == digest)
        #expect(SHA256.Digest(digest.array.dropLast()) == nil)
        #expect(SHA256.Digest(digest.array + [0]) == nil)
        #expect(SHA256.digest(Secret(bytes)) == digest)
    }

    @Test func `digests differ when any one bit differs`() throws {
        let digest = SHA256.digest(Array("key".utf8))
        for bit in 0..<256 {
            var bytes = digest.array
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            let other = try #require(SHA256.Digest(bytes))
            #expect(other != digest)
            #expect(other.array == bytes)
        }
    }

    @Test func `digests made by many tasks at once agree`() async {
        let expected = (0..<64).map { HashAlgorithm.sha256.digest([UInt8](repeating: UInt8($0), count: 1000)) }
        await withTaskGroup(of: Bool.self) { group in
            for task in 0..<64 {
                group.addTask {
                    let input = [UInt8](repeating: UInt8(task), count: 1000)
                    return (0..<50).allSatisfy { _ in
                        SHA256.digest(input).array == expected[task] && HashAlgorithm.sha512.digest(input).count == 64
                    }
                }
            }
            for await same in group { #expect(same) }
        }
    }

    @Test func `the checksum is that of zlib`() {
        #expect(CRC32.checksum(Array("123456789".utf8)) == 0xCBF4_3926)
        #expect(CRC32.checksum(Array("The quick brown fox jumps over the lazy dog".utf8)) == 0x414F_A339)
        #expect(CRC32.checksum([]) == 0)
    }

    @Test func `the checksum finds every single and every pair of swapped characters`() {
        let key = Array("ins_live_01h2xcejqtf2nbrexx3vqjhp41_secret".utf8)
        let checksum = CRC32.checksum(key)
        for at in key.indices {
            var changed = key
            changed[at] ^= 1
            #expect(CRC32.checksum(changed) != checksum)
            guard at > 0, key[at] != key[at - 1] else { continue }
            changed = key
            changed.swapAt(at, at - 1)
            #expect(CRC32.checksum(changed) != checksum)
        }
    }
}
