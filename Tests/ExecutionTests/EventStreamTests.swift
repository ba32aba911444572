// Events out of bytes: every line end, every place where a stream may be split, and what servers do besides.

import Base
import Testing

@testable import Execution

@Suite struct EventStreamTests {
    /// The events of a text that comes in pieces of `size` bytes.
    private func events(_ text: String, by size: Int = .max, isLenient: Bool = false) throws -> [ServerEvent] {
        var parser = EventStreamParser(isLenient: isLenient)
        var events: [ServerEvent] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            events += try parser.feed(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        if let last = parser.finish() { events.append(last) }
        return events
    }

    @Test func `a stream means the same with every line end and split anywhere`() throws {
        let lines = [
            ": keep-alive", "", "event: add", "data: one", "data:two", "id: 7", "", "data", "", "data: é\u{1F600}", "", "",
        ]
        let expected = [
            ServerEvent(name: "add", data: Array("one\ntwo".utf8)), ServerEvent(), ServerEvent(data: Array("é\u{1F600}".utf8)),
        ]
        for end in ["\n", "\r\n", "\r"] {
            let text = lines.joined(separator: end)
            for size in 1...text.utf8.count {
                #expect(try events(text, by: size) == expected, "\(end.debugDescription) by \(size)")
            }
        }
    }

    @Test func `a byte order mark is passed over, and so are comments, unknown fields and events without data`() throws {
        #expect(try events("\u{FEFF}data: a\n\n").map(\.text) == ["a"])
        #expect(try events("event: x\n\n:\n\nretry: 10\n\nfoo: bar\n\ndata: a\n\n") == [ServerEvent(data: Array("a".utf8))])
    }

    @Test func `an event that no blank line ends is taken when the stream ends`() throws {
        #expect(try events("data: a\n\ndata: b\n").map(\.text) == ["a", "b"])
        #expect(try events("data: a\n\ndata: b").map(\.text) == ["a", "b"])
        #expect(try events("data: a\n\n").map(\.text) == ["a"])
    }

    @Test func `errors that are framed wrongly are found where they are looked for, and nowhere else`() throws {
        let wrong = "data: a\n\nerror: {\"code\":400}\n\n{\"error\":\"x\"}\n"
        #expect(try events(wrong).map(\.text) == ["a"])
        #expect(try events(wrong, isLenient: true).map(\.text) == ["a", "{\"code\":400}", "{\"error\":\"x\"}"])
        #expect(try events(wrong, isLenient: true).map(\.name) == ["", "error", "error"])
    }

    @Test func `an event without an end is refused at its bound, in one line or in many`() throws {
        let limit = EventStreamParser.eventBytes
        #expect(try events("data: " + String(repeating: "a", count: limit - 6) + "\n\n").count == 1)
        for text in [
            "data: " + String(repeating: "a", count: limit),
            String(repeating: "data: " + String(repeating: "a", count: 999) + "\n", count: limit / 999 + 1),
        ] {
            let fault = #expect(throws: Fault.self) { try events(text) }
            #expect(fault?.code == .contentTooLarge)
        }
    }
}
