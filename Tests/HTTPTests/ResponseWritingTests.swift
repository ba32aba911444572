// The head of a response as bytes, and that no value can end its line early.

import Testing

@testable import HTTP

@Suite struct ResponseWritingTests {
    private func text(_ write: (inout [UInt8]) -> Void) -> String {
        var buffer: [UInt8] = []
        write(&buffer)
        return String(decoding: buffer, as: UTF8.self)
    }

    @Test func `a head is written as RFC 9112 spells it`() {
        let head = text {
            $0.appendStatusLine(200)
            $0.appendHeader(.contentType, "application/json")
            $0.appendHeader(named: "x-thing", "a\tb")
            $0.appendContentLength(1_234_567_890)
            $0.appendLineEnd()
        }
        #expect(
            head == "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-thing: a\tb\r\ncontent-length: 1234567890\r\n\r\n")
    }

    @Test func `a status without a phrase keeps its space`() {
        #expect(text { $0.appendStatusLine(599) } == "HTTP/1.1 599 \r\n")
        #expect(text { $0.appendStatusLine(431) } == "HTTP/1.1 431 Request Header Fields Too Large\r\n")
    }

    @Test(arguments: ["a\r\nX: y", "a\nb", "a\rb", "a\0b", "\u{7F}", "long enough for words\u{1}"])
    func `a value that could break its line is left out with its name`(value: String) {
        var buffer: [UInt8] = []
        #expect(buffer.appendHeader(.location, value) == false)
        #expect(buffer.appendHeader(named: "x-thing", value) == false)
        #expect(buffer.isEmpty)
    }

    @Test(arguments: [0, 7, 10, 99, 100, 12_345, Int.max])
    func `numbers are written in decimal`(number: Int) {
        #expect(text { $0.appendDecimal(number) } == "\(number)")
    }
}
