import Base
import Crypto
import Testing

@Suite struct Ed25519Tests {
    private func key(_ seed: String) throws -> Ed25519PrivateKey {
        let seed = try #require(Hexadecimal.decode(seed))
        return try #require(Ed25519PrivateKey(seed: Secret(seed)))
    }

    @Test(arguments: [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
                + "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
                + "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ])
    func `keys and signatures agree with RFC 8032`(_ seed: String, _ publicKey: String, _ message: String, _ signature: String)
        throws
    {
        let key = try key(seed)
        let message = try #require(Hexadecimal.decode(message))
        #expect(Hexadecimal.encode(key.publicKey.bytes) == publicKey)
        #expect(Hexadecimal.encode(key.sign(message)) == signature)
        let other = try #require(Ed25519PublicKey(key.publicKey.bytes))
        #expect(other.isValid(key.sign(message), of: message))
    }

    @Test func `a signature is valid only whole, for its own message and key`() throws {
        let key = Ed25519PrivateKey.generate()
        let message = Array("header.payload".utf8)
        let signature = key.sign(message)
        #expect(key.publicKey.isValid(signature, of: message))
        #expect(!key.publicKey.isValid(signature, of: message + [0]))
        #expect(!key.publicKey.isValid(signature, of: []))
        #expect(!key.publicKey.isValid(signature + [0], of: message))
        #expect(!key.publicKey.isValid(Array(signature.dropLast()), of: message))
        #expect(!key.publicKey.isValid([], of: message))
        #expect(!Ed25519PrivateKey.generate().publicKey.isValid(signature, of: message))
        for bit in 0..<512 {
            var changed = signature
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!key.publicKey.isValid(changed, of: message))
        }
    }

    @Test func `a key comes back from its seed, and no other length is a seed or a public key`() throws {
        let key = Ed25519PrivateKey.generate()
        let copy = try #require(Ed25519PrivateKey(seed: key.seed))
        #expect(copy.publicKey.bytes == key.publicKey.bytes)
        #expect(Ed25519PrivateKey.generate().publicKey.bytes != key.publicKey.bytes)
        for count in [0, 31, 33, 64] {
            #expect(Ed25519PrivateKey(seed: Random.secret(byteCount: count)) == nil)
            #expect(Ed25519PublicKey(Random.bytes(count)) == nil)
        }
    }

    @Test func `one key serves many tasks at once`() async {
        let key = Ed25519PrivateKey.generate()
        await withTaskGroup(of: Bool.self) { group in
            for task in 0..<16 {
                group.addTask {
                    (0..<20).allSatisfy { round in
                        let message = Array("\(task) \(round)".utf8)
                        return key.publicKey.isValid(key.sign(message), of: message)
                    }
                }
            }
            for await isValid in group { #expect(isValid) }
        }
    }
}
