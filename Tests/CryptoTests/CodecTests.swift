import Crypto
import Testing

@Suite struct CodecTests {
    private static let plain = ["", "f", "fo", "foo", "foob", "fooba", "foobar"]

    @Test func `the vectors of RFC 4648 read and write the same`() {
        let base64 = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]
        let base32 = ["", "MY", "MZXQ", "MZXW6", "MZXW6YQ", "MZXW6YTB", "MZXW6YTBOI"]
        let base16 = ["", "66", "666f", "666f6f", "666f6f62", "666f6f6261", "666f6f626172"]
        for (at, text) in Self.plain.enumerated() {
            let bytes = Array(text.utf8)
            #expect(Base64.standard.encode(bytes) == base64[at])
            #expect(Base64.standard.decode(base64[at]) == bytes)
            #expect(Base32.standard.encode(bytes) == base32[at])
            #expect(Base32.standard.decode(base32[at]) == bytes)
            #expect(Hexadecimal.encode(bytes) == base16[at])
            #expect(Hexadecimal.decode(base16[at].uppercased()) == bytes)
        }
    }

    @Test func `the alphabets differ where they should`() {
        let bytes: [UInt8] = [0xfb, 0xff, 0xfe]
        #expect(Base64.standard.encode(bytes) == "+//+")
        #expect(Base64.url.encode(bytes) == "-__-")
        #expect(Base64.url.decode("+//+") == nil)
        #expect(Base64.standard.decode("-__-") == nil)
        #expect(Base32.crockford.encode([0xff, 0xff]) == "zzzg")
        #expect(Base32.crockford.decode("zzzG") == nil)
    }

    @Test func `bytes of every length come back as they were`() {
        for count in 0..<70 {
            let bytes = Random.bytes(count)
            #expect(Base64.standard.decode(Base64.standard.encode(bytes)) == bytes)
            #expect(Base64.unpadded.decode(Base64.unpadded.encode(bytes)) == bytes)
            #expect(Base64.url.decode(Base64.url.encode(bytes)) == bytes)
            #expect(Base32.standard.decode(Base32.standard.encode(bytes)) == bytes)
            #expect(Base32.crockford.decode(Base32.crockford.encode(bytes)) == bytes)
            #expect(Hexadecimal.decode(Hexadecimal.encode(bytes)) == bytes)
        }
    }

    @Test(arguments: [
        "Zg", "Zg=", "Zg===", "=", "====", "Z===", "Zg==Zg==", "Zm9v\n", " Zm9v", "Zm 9v", "Zm9v=", "Zh==", "Zm9=", "Zm8\u{0}",
        "Zmé=",
    ])
    func `base64 with other padding, space, foreign characters or leftover bits is refused`(_ text: String) {
        #expect(Base64.standard.decode(text) == nil)
    }

    @Test(arguments: ["Zg==", "Z", "Zh", "Zm9vY", "Zm9=", "Zm.v"])
    func `base64 of links with padding, an impossible length or leftover bits is refused`(_ text: String) {
        #expect(Base64.url.decode(text) == nil)
    }

    @Test(arguments: ["M", "MZX", "MZXW6Y", "MZ", "MY======", "my", "M1"])
    func `base32 of an impossible length, with leftover bits, padding, or a foreign character is refused`(_ text: String) {
        #expect(Base32.standard.decode(text) == nil)
    }

    @Test func `of all texts of two characters exactly one spells each byte`() {
        let characters = (0..<128).map { String(Character(Unicode.Scalar(UInt8($0)))) }
        var spellings: [UInt8: Int] = [:]
        for first in characters {
            for second in characters {
                if let bytes = Base64.url.decode(first + second) { spellings[bytes[0], default: 0] += 1 }
            }
        }
        #expect(spellings.count == 256)
        #expect(spellings.values.allSatisfy { $0 == 1 })
    }

    @Test(arguments: ["0", "0g", "0x00", " 00", "é"])
    func `text that is not pairs of hexadecimal digits is refused`(_ text: String) {
        #expect(Hexadecimal.decode(text) == nil)
    }
}
