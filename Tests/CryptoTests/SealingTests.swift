import Base
import Crypto
import Testing

@Suite struct SealingTests {
    private let key = RootKey.generate()
    private let binding = Array("users/7/totp".utf8)

    private func bytes(_ secret: Secret) -> [UInt8] { secret.withSpan { bytes in bytes.indices.map { bytes[$0] } } }

    private func open(_ sealed: [UInt8], _ cipher: AESGCM, _ nonce: [UInt8], _ additional: [UInt8]) -> [UInt8]? {
        cipher.open(sealed.span, nonce: nonce.span, additionalData: additional.span).map(bytes)
    }

    // MARK: AES-GCM

    @Test func `a sealed message agrees with the specification of GCM`() throws {
        // Test case 16 of McGrew and Viega, "The Galois/Counter Mode of Operation".
        let key = try #require(Hexadecimal.decode("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"))
        let nonce = try #require(Hexadecimal.decode("cafebabefacedbaddecaf888"))
        let additional = try #require(Hexadecimal.decode("feedfacedeadbeeffeedfacedeadbeefabaddad2"))
        let plaintext = try #require(
            Hexadecimal.decode(
                "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                    + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"))
        let cipher = AESGCM(key: Secret(key))
        let sealed = cipher.seal(plaintext.span, nonce: nonce.span, additionalData: additional.span)
        #expect(
            Hexadecimal.encode(sealed)
                == "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662" + "76fc6ece0f4e1768cddf8853bb2d551b")
        #expect(open(sealed, cipher, nonce, additional) == plaintext)
    }

    @Test func `no message with no additional data is a message`() throws {
        let cipher = AESGCM(key: Random.secret(byteCount: 32))
        let none: [UInt8] = []
        let nonce = Random.bytes(12)
        let sealed = cipher.seal(none.span, nonce: nonce.span, additionalData: none.span)
        #expect(sealed.count == 16)
        #expect(open(sealed, cipher, nonce, none) == none)
        #expect(open(none, cipher, nonce, none) == nil)
        #expect(open(sealed, cipher, Array(nonce.dropLast()), none) == nil)
        #expect(open(sealed, cipher, nonce, nonce) == nil)
    }

    // MARK: Sealed values

    @Test func `what was sealed opens again, at every length, and is longer by the stated number of bytes`() throws {
        let sealing = key.sealingKey("test")
        for count in [0, 1, 15, 16, 17, 1000, 65_536] {
            let plaintext = Random.bytes(count)
            let sealed = sealing.seal(plaintext, binding: binding)
            #expect(sealed.count == count + SealingKey.overheadByteCount)
            #expect(try bytes(sealing.open(sealed, binding: binding)) == plaintext)
        }
        #expect(sealing.seal([1], binding: binding) != sealing.seal([1], binding: binding))
    }

    @Test func `a sealed value with any bit flipped, cut, prolonged, moved or under another label does not open`() {
        let sealing = key.sealingKey("test")
        let sealed = sealing.seal(Array("JBSWY3DPEHPK3PXP".utf8), binding: binding)
        for bit in 0..<sealed.count * 8 {
            var changed = sealed
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: Fault.self) { try sealing.open(changed, binding: binding) }
        }
        for count in 0..<sealed.count {
            #expect(throws: Fault.self) { try sealing.open(Array(sealed.prefix(count)), binding: binding) }
        }
        #expect(throws: Fault.self) { try sealing.open(sealed + [0], binding: binding) }
        #expect(throws: Fault.self) { try sealing.open(sealed, binding: Array("users/8/totp".utf8)) }
        #expect(throws: Fault.self) { try sealing.open(sealed, binding: []) }
        #expect(throws: Fault.self) { try key.sealingKey("other").open(sealed, binding: binding) }
        #expect(throws: Fault.self) { try RootKey.generate().sealingKey("test").open(sealed, binding: binding) }
    }

    @Test func `a failure tells the operator which and the caller nothing`() {
        let sealing = key.sealingKey("test")
        let sealed = sealing.seal([1, 2, 3], binding: binding)
        let unknown = #expect(throws: Fault.self) { try sealing.open([2] + sealed.dropFirst(), binding: binding) }
        let foreign = #expect(throws: Fault.self) { try sealing.open(sealed, binding: []) }
        #expect(unknown?.code == .internalError && foreign?.code == .internalError)
        #expect(unknown?.message == foreign?.message)
        #expect(unknown?.cause?.contains("version 2") == true)
        #expect(foreign?.cause?.contains("not authentic") == true)
    }

    // MARK: Root key

    @Test func `a root key comes back from its text, with the same fingerprint and the same derived keys`() throws {
        let copy = try RootKey(text: key.text)
        #expect(copy.fingerprint == key.fingerprint)
        #expect(constantTimeEqual(copy.text, key.text))
        #expect(constantTimeEqual(copy.macKey("cursors"), key.macKey("cursors")))
        let sealed = key.sealingKey("a").seal([7], binding: [])
        #expect(try bytes(copy.sealingKey("a").open(sealed, binding: [])) == [7])
        #expect(RootKey.generate().fingerprint != key.fingerprint)
    }

    @Test func `the text form and the derived keys are those that the documentation describes`() throws {
        // Made by the description alone, with Python's zlib, base64 and hmac: these bytes may never change.
        let text = "insula-root-v1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8:90f96824"
        let key = try RootKey(text: Secret(text))
        #expect(key.fingerprint == "0718-be33-954e-cb0a")
        #expect(
            Hexadecimal.encode(bytes(key.macKey("cursors"))) == "8383752604c1dddf5d8d7fce21e4be7dbe30ada50a92c8bf2777ed1f17c8345e"
        )
    }

    @Test func `labels and uses lead to different keys`() {
        let macs = ["a", "b", "", "a/b"].map { Hexadecimal.encode(bytes(key.macKey($0))) }
        #expect(Set(macs).count == 4)
        let sealed = key.sealingKey("a").seal([7], binding: [])
        #expect(throws: Fault.self) { try SealingKey(key: key.macKey("a")).open(sealed, binding: []) }
    }

    @Test func `a text with any character changed, left out or added is refused, and the refusal repeats none of it`() {
        let text = bytes(key.text)
        #expect(text.count == RootKey.textByteCount)
        for at in text.indices {
            for other in [text[at] ^ 1, text[at] ^ 0x20, UInt8(ascii: ":")] where other != text[at] {
                var changed = text
                changed[at] = other
                let fault = #expect(throws: Fault.self) { try RootKey(text: Secret(changed)) }
                #expect(fault?.code == .invalid)
                #expect(fault?.message.contains(String(decoding: text[15..<58], as: UTF8.self)) == false)
            }
            var cut = text
            cut.remove(at: at)
            #expect(throws: Fault.self) { try RootKey(text: Secret(cut)) }
        }
        #expect(throws: Fault.self) { try RootKey(text: Secret(text + [10])) }
        #expect(throws: Fault.self) { try RootKey(text: Secret("")) }
    }

    @Test func `a root key shows nothing but its fingerprint`() {
        var dumped = ""
        dump(key, to: &dumped)
        #expect(!dumped.contains(String(decoding: bytes(key.text)[15..<58], as: UTF8.self)))
        #expect(dumped.contains(key.fingerprint))
        #expect(key.fingerprint.wholeMatch(of: /[0-9a-f]{4}(-[0-9a-f]{4}){3}/) != nil)
    }
}
