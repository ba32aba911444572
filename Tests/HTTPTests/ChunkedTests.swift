// The chunked coding: what it decodes to in every split, what is refused, and that what we write can be read.

import Base
import Testing

@testable import HTTP

/// Decodes `text` in pieces of `size` bytes: the data and how many bytes the body took, or the refusal.
func decodeChunked(_ bytes: [UInt8], piece size: Int) throws(Refusal) -> (data: [UInt8], consumed: Int?) {
    var decoder = ChunkedDecoder()
    var data: [UInt8] = []
    var from = 0
    while from < bytes.count {
        let piece = Array(bytes[from..<min(bytes.count, from + size)])
        var at = 0
        steps: while true {
            switch try decoder.decode(piece.span, from: at) {
            case .data(let range):
                data += piece[range]
                at = range.upperBound
            case .needMore: break steps
            case .end(let consumed): return (data, from + consumed)
            }
        }
        from += piece.count
    }
    return (data, nil)
}

@Suite struct ChunkedTests {
    @Test(arguments: [
        "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
        "00000005\r\nhello\r\n0006\r\n world\r\n000\r\n\r\n",
        "b;a;b=c;d=\"e;\\\"f\";g\r\nhello world\r\n0;last\r\n\r\n",
        "B\r\nhello world\r\n0\r\nA: b\r\nC:\r\nD: \t e\r\n\r\n",
        "1\r\nh\r\n1\r\ne\r\n9\r\nllo world\r\n0\r\n\r\n",
    ])
    func `a body decodes to the same in every split and leaves what follows`(text: String) throws {
        let body = Array(text.utf8)
        let bytes = body + Array("GET / HTTP/1.1".utf8)
        for size in 1...bytes.count {
            let (data, consumed) = try decodeChunked(bytes, piece: size)
            #expect(data == Array("hello world".utf8))
            #expect(consumed == body.count)
        }
    }

    @Test func `an empty body is an end at once, and only its last byte ends it`() throws {
        let bytes = Array("0\r\n\r\n".utf8)
        #expect(try decodeChunked(bytes, piece: 5).consumed == 5)
        for length in 0..<5 { #expect(try decodeChunked(Array(bytes[0..<length]), piece: 1).consumed == nil) }
        var decoder = ChunkedDecoder()
        #expect(try decoder.decode(bytes.span) == .end(consumed: 5))
        #expect(decoder.isDone)
        #expect(try decoder.decode(bytes.span) == .end(consumed: 0))
    }

    @Test(arguments: [
        ("no size", "\r\nhello\r\n"), ("a letter that is no digit", "g\r\n"), ("a prefix", "0x5\r\nhello\r\n"),
        ("a negative size", "-5\r\nhello\r\n"), ("a signed size", "+5\r\nhello\r\n"),
        ("a space before the size", " 5\r\nhello\r\n"),
        ("a tab before the size", "\t5\r\nhello\r\n"), ("a space behind the size", "5 \r\nhello\r\n"),
        ("a space before an extension", "5 ;a\r\nhello\r\n"), ("a tab behind the size", "5\t\r\nhello\r\n"),
        ("an underscore", "1_0\r\n0123456789012345\r\n"), ("a comma", "5,\r\nhello\r\n"), ("a fraction", "5.0\r\nhello\r\n"),
        ("nine digits", "000000005\r\nhello\r\n"), ("a size that passes 64 bits", "10000000000000005\r\nhello\r\n"),
        ("a bare line feed behind the size", "5\nhello\r\n0\r\n\r\n"), ("a bare carriage return behind the size", "5\rhello\r\n"),
        ("two carriage returns behind the size", "5\r\r\nhello\r\n"), ("NUL in the size", "5\0\r\nhello\r\n"),
        ("a bare line feed behind data", "5\r\nhello\n0\r\n\r\n"), ("no line end behind data", "5\r\nhello0\r\n\r\n"),
        ("more data than the size", "5\r\nhello!\r\n0\r\n\r\n"), ("a carriage return alone behind data", "5\r\nhello\r0\r\n\r\n"),
        ("an empty extension", "5;\r\nhello\r\n"), ("an empty extension before another", "5;;a\r\nhello\r\n"),
        ("an extension without a value", "5;a=\r\nhello\r\n"), ("an extension without a name", "5;=a\r\nhello\r\n"),
        ("an extension with a bracket", "5;a[=b\r\nhello\r\n"), ("a line feed in an extension", "5;a\nhello\r\n"),
        ("a carriage return in an extension", "5;a\rb\r\nhello\r\n"), ("a line end inside quotes", "5;a=\"b\r\n\"\r\nhello\r\n"),
        ("a line feed inside quotes", "5;a=\"b\nc\"\r\nhello\r\n"), ("NUL inside quotes", "5;a=\"\0\"\r\nhello\r\n"),
        ("an escaped line feed", "5;a=\"\\\n\"\r\nhello\r\n"), ("a token behind quotes", "5;a=\"b\"c\r\nhello\r\n"),
        ("a control character in an extension", "5;a\u{1}\r\nhello\r\n"), ("a space in an extension", "5; a\r\nhello\r\n"),
        ("a bare line feed behind the last chunk", "0\n\r\n"), ("a bare line feed as the end", "0\r\n\n"),
        ("a carriage return alone as the end", "0\r\n\rX"), ("a folded trailer", "0\r\nA: b\r\n c\r\n\r\n"),
        ("a trailer without a colon", "0\r\nA\r\n\r\n"), ("a trailer without a name", "0\r\n: a\r\n\r\n"),
        ("a space before a trailer's colon", "0\r\nA : b\r\n\r\n"), ("a trailer with a bare line feed", "0\r\nA: b\n\r\n"),
        ("NUL in a trailer", "0\r\nA: \0\r\n\r\n"), ("a request behind the last chunk", "0\r\nGET / HTTP/1.1\r\n\r\n"),
    ])
    func `a malformed body is refused in every split`(why: String, text: String) {
        let bytes = Array(text.utf8)
        for size in [bytes.count, 1, 2, 3] {
            #expect(throws: Refusal.self, "\(why)") { try decodeChunked(bytes, piece: size) }
        }
    }

    @Test func `the largest size that has eight digits is no overflow`() throws {
        var decoder = ChunkedDecoder()
        let bytes = Array("FFFFFFFF\r\nabc".utf8)
        #expect(try decoder.decode(bytes.span) == .data(10..<13))
        #expect(try decoder.decode(bytes.span, from: 13) == .needMore)
    }

    @Test func `extensions are bounded over the whole body`() throws {
        func body(_ count: Int) -> [UInt8] {
            // Each extension of a chunk takes 16 bytes with its carriage return.
            Array(String(repeating: "1;" + String(repeating: "a", count: 15) + "\r\nx\r\n", count: count).utf8)
                + Array("0\r\n\r\n".utf8)
        }
        let most = ChunkedDecoder.extensionBytes / 16
        #expect(try decodeChunked(body(most), piece: 1 << 20).data.count == most)
        #expect(throws: Refusal.self) { try decodeChunked(body(most + 1), piece: 1 << 20) }
    }

    @Test func `the trailer section is bounded`() throws {
        func body(_ count: Int) -> [UInt8] { Array("0\r\nA:\(String(repeating: "b", count: count))\r\n\r\n".utf8) }
        // Name, colon, carriage return of the field and of the end are counted, too.
        let most = ChunkedDecoder.trailerBytes - 4
        #expect(try decodeChunked(body(most), piece: 1 << 20).consumed == most + 9)
        #expect(throws: Refusal(.headTooLarge, "The trailer section is too large.")) {
            try decodeChunked(body(most + 1), piece: 1 << 20)
        }
    }

    @Test(arguments: [1, 9, 10, 15, 16, 17, 255, 256, 4095, 65_536, 1_000_000])
    func `what is encoded decodes to itself`(count: Int) throws {
        let data = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var buffer: [UInt8] = []
        ChunkedEncoder.append(data.span, into: &buffer)
        let nothing: [UInt8] = []
        ChunkedEncoder.append(nothing.span, into: &buffer)
        #expect(buffer.count <= count + ChunkedEncoder.overheadBytes)
        ChunkedEncoder.finish(into: &buffer)
        let (decoded, consumed) = try decodeChunked(buffer, piece: 1000)
        #expect(decoded == data)
        #expect(consumed == buffer.count)
    }
}
