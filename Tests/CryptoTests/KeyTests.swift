import Base
import Crypto
import Testing

@Suite struct KeyTests {
    private func bytes(_ range: ClosedRange<UInt8>) -> [UInt8] { Array(range) }
    private func text(_ secret: Secret) -> String { unsafe secret.withBytes { unsafe Hexadecimal.encode(Array($0)) } }

    // MARK: HMAC

    @Test(arguments: [
        (
            HMAC.sha1,
            [
                "b617318655057264e28bc0b6fb378c8ef146be00", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
                "90d0dace1c1bdc957339307803160335bde6df2b",
            ]
        ),
        (
            .sha256,
            [
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ]
        ),
        (
            .sha512,
            [
                "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
                    + "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
                "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
                    + "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
                "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
                    + "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598",
            ]
        ),
    ])
    func `codes agree with RFC 2202 and RFC 4231, for short, plain and over-long keys`(_ hmac: HMAC, _ expected: [String]) {
        let cases: [(key: [UInt8], message: String)] = [
            ([UInt8](repeating: 0x0b, count: 20), "Hi There"),
            (Array("Jefe".utf8), "what do ya want for nothing?"),
            ([UInt8](repeating: 0xaa, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First"),
        ]
        for (test, code) in zip(cases, expected) {
            #expect(Hexadecimal.encode(hmac.code(Array(test.message.utf8), key: Secret(test.key))) == code)
        }
    }

    @Test func `an empty key and an empty message are allowed and do not take the key of before`() {
        _ = HMAC.sha256.code([1], key: Secret("the key of before"))
        #expect(
            Hexadecimal.encode(HMAC.sha256.code([], key: Secret("")))
                == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
    }

    @Test func `a code is valid only whole and for its own message and key`() {
        let key = Random.secret(byteCount: 32)
        let message = Array("42.payload".utf8)
        let code = HMAC.sha256.code(message, key: key)
        #expect(HMAC.sha256.isValid(code, of: message, key: key))
        #expect(!HMAC.sha256.isValid(Array(code.dropLast()), of: message, key: key))
        #expect(!HMAC.sha256.isValid([], of: message, key: key))
        #expect(!HMAC.sha256.isValid(code, of: message + [0], key: key))
        #expect(!HMAC.sha256.isValid(code, of: message, key: Random.secret(byteCount: 32)))
        for bit in 0..<256 {
            var changed = code
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!HMAC.sha256.isValid(changed, of: message, key: key))
        }
    }

    // MARK: HKDF

    @Test func `derived keys agree with RFC 5869`() throws {
        let first = Secret([UInt8](repeating: 0x0b, count: 22))
        let extracted = HKDF.sha256.extract(first, salt: bytes(0...12))
        #expect(text(extracted) == "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5")
        #expect(
            text(try HKDF.sha256.expand(extracted, info: bytes(0xf0...0xf9), byteCount: 42))
                == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")
        let long = try HKDF.sha256.derive(
            Secret(bytes(0...0x4f)), salt: bytes(0x60...0xaf), info: bytes(0xb0...0xff), byteCount: 82)
        #expect(
            text(long)
                == "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
                + "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87")
        #expect(
            text(try HKDF.sha256.derive(first, salt: [], info: [], byteCount: 42))
                == "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8")
        #expect(
            text(try HKDF.sha512.derive(first, salt: bytes(0...12), info: bytes(0xf0...0xf9), byteCount: 42))
                == "832390086cda71fb47625bb5ceb168e4c8e26a1a16ed34d9fc7fe92c1481579338da362cb8d9f925d7cb")
    }

    @Test(arguments: [HKDF.sha256, .sha512])
    func `255 digests can be derived, and neither none nor one byte more`(_ hkdf: HKDF) throws {
        let key = Secret("a key")
        let whole = try hkdf.derive(key, salt: [], info: [], byteCount: hkdf.outputByteLimit)
        #expect(whole.count == 255 * hkdf.algorithm.byteCount)
        let short = try hkdf.derive(key, salt: [], info: [], byteCount: 1)
        #expect(text(whole).hasPrefix(text(short)))
        for wrong in [-1, 0, hkdf.outputByteLimit + 1, Int.max] {
            #expect(throws: Fault.self) { try hkdf.derive(key, salt: [], info: [], byteCount: wrong) }
        }
        #expect(throws: Fault.self) { try hkdf.expand(Secret("short"), info: [], byteCount: 32) }
    }

    // MARK: Comparison

    @Test func `equal means the same bytes and the same length`() {
        #expect(constantTimeEqual([UInt8](), []))
        #expect(constantTimeEqual([1, 2, 3], [1, 2, 3]))
        #expect(!constantTimeEqual([1, 2, 3], [1, 2]))
        #expect(!constantTimeEqual([1, 2, 3], [1, 2, 4]))
        #expect(!constantTimeEqual([0], []))
        #expect(constantTimeEqual(Secret("same"), Secret("same")))
        #expect(!constantTimeEqual(Secret("same"), Secret("sane")))
    }
}
