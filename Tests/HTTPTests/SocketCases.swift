// The cases of the Autobahn test suite for WebSockets (sections 1 to 7, 9 and 10; no compression is spoken), spelled anew: what a client sends,
// cut into pieces or not, and what an echoing server has to answer.

import Base
import Testing

@testable import HTTP

/// One case.
struct SocketCase: Sendable, CustomTestStringConvertible {
    /// What the server answers, without the end.
    enum Answer: Sendable, Equatable {
        case text([UInt8])
        case binary([UInt8])
        case pong([UInt8])
    }

    /// How it ends.
    enum End: Sendable, Equatable {
        /// Not by itself: the client closes, and is answered with its own code.
        case byClient
        /// The client's close is answered with that code.
        case closed(UInt16?)
        /// The server fails the connection with that code.
        case failed(UInt16)
    }

    let name: String
    let bytes: [UInt8]
    /// How many bytes come at once.
    var chop = Int.max
    var answers: [Answer] = []
    var end = End.byClient
    /// After how many bytes at the latest the end has to have come; all of them when left out.
    var failsWithin: Int?

    var testDescription: String { name }

    init(
        _ name: String, _ frames: [[UInt8]], chop: Int = .max, _ answers: [Answer] = [], _ end: End = .byClient,
        failsWithin: Int? = nil
    ) {
        self.name = name
        bytes = frames.reduce(into: []) { $0.append(contentsOf: $1) }
        self.chop = chop
        self.answers = answers
        self.end = end
        self.failsWithin = failsWithin
    }

    static let mask = WebSocketMask(0x37, 0xFA, 0x21, 0x3D)

    /// A frame of a client, sound or not.
    static func frame(_ opcode: UInt8, _ payload: [UInt8] = [], isFinal: Bool = true, reserved: UInt8 = 0) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendWebSocketFrame(.binary, payload, isFinal: isFinal, mask: mask)
        bytes[0] = (isFinal ? 0x80 : 0) | reserved << 4 | opcode
        return bytes
    }

    static func frame(_ opcode: UInt8, _ text: String, isFinal: Bool = true, reserved: UInt8 = 0) -> [UInt8] {
        frame(opcode, Array(text.utf8), isFinal: isFinal, reserved: reserved)
    }

    /// A close frame with a code, sound or not.
    static func close(_ code: UInt16, _ reason: [UInt8] = []) -> [UInt8] {
        frame(8, [UInt8(code >> 8), UInt8(truncatingIfNeeded: code)] + reason)
    }

    /// A message cut into frames of `size` bytes.
    static func fragments(_ opcode: UInt8, _ payload: [UInt8], _ size: Int) -> [[UInt8]] {
        stride(from: 0, to: payload.count, by: size).map { at in
            frame(at == 0 ? opcode : 0, Array(payload[at..<min(at + size, payload.count)]), isFinal: at + size >= payload.count)
        }
    }

    static let all = framing + pings + reserved + opcodes + fragmentation + texts + moreTexts + closes + limits
}

extension SocketCase {
    private static let hello = Array("Hello, world!".utf8)

    /// 1: sizes of texts and of bytes, the last one in pieces.
    private static let framing: [SocketCase] = {
        var cases: [SocketCase] = []
        for (at, size) in [0, 125, 126, 127, 128, 65_535, 65_536, 65_536].enumerated() {
            let chop = at == 7 ? 997 : Int.max
            let text = [UInt8](repeating: UInt8(ascii: "*"), count: size)
            let bytes = [UInt8](repeating: 0xFE, count: size)
            cases.append(SocketCase("1.1.\(at + 1)", [frame(1, text)], chop: chop, [.text(text)]))
            cases.append(SocketCase("1.2.\(at + 1)", [frame(2, bytes)], chop: chop, [.binary(bytes)]))
        }
        return cases
    }()

    /// 2: pings and pongs.
    private static let pings: [SocketCase] = {
        let full = [UInt8](repeating: 0xFE, count: 125)
        let many = (0..<10).map { Array("payload-\($0)".utf8) }
        return [
            SocketCase("2.1", [frame(9)], [.pong([])]),
            SocketCase("2.2", [frame(9, hello)], [.pong(hello)]),
            SocketCase(
                "2.3", [frame(9, [0, 0xFF, 0xFE, 0xFD, 0xFC, 0xFB, 0, 0xFF])],
                [.pong([0, 0xFF, 0xFE, 0xFD, 0xFC, 0xFB, 0, 0xFF])]),
            SocketCase("2.4", [frame(9, full)], [.pong(full)]),
            SocketCase("2.5", [frame(9, full + [0xFE])], [], .failed(1002), failsWithin: 2),
            SocketCase("2.6", [frame(9, full)], chop: 1, [.pong(full)]),
            SocketCase("2.7", [frame(10)]),
            SocketCase("2.8", [frame(10, "unsolicited pong payload")]),
            SocketCase("2.9", [frame(10, "unsolicited pong payload"), frame(9, hello)], [.pong(hello)]),
            SocketCase("2.10", many.map { frame(9, $0) }, many.map { .pong($0) }),
            SocketCase("2.11", many.map { frame(9, $0) }, chop: 1, many.map { .pong($0) }),
        ]
    }()

    /// 3: reserved bits.
    private static let reserved: [SocketCase] = [
        SocketCase("3.1", [frame(1, hello, reserved: 1)], [], .failed(1002), failsWithin: 1),
        SocketCase("3.2", [frame(1, hello), frame(1, hello, reserved: 2), frame(9)], [.text(hello)], .failed(1002)),
        SocketCase("3.3", [frame(1, hello), frame(1, hello, reserved: 3), frame(9)], chop: 19, [.text(hello)], .failed(1002)),
        SocketCase(
            "3.4", [frame(1, hello), frame(1, hello, reserved: 4), frame(9)], chop: 1, [.text(hello)], .failed(1002),
            failsWithin: 20),
        SocketCase("3.5", [frame(2, [0, 0xFF, 0xFE], reserved: 5)], [], .failed(1002)),
        SocketCase("3.6", [frame(9, hello, reserved: 6)], [], .failed(1002)),
        SocketCase("3.7", [frame(8, [], reserved: 7)], [], .failed(1002)),
    ]

    /// 4: kinds that are none.
    private static let opcodes: [SocketCase] = {
        var cases: [SocketCase] = []
        for (section, first): (Int, UInt8) in [(1, 3), (2, 11)] {
            for at in 0..<5 {
                let odd = frame(first + UInt8(at), at == 1 || at > 2 ? hello : [])
                let name = "4.\(section).\(at + 1)"
                // The first two come alone, the others behind a message, the last two byte by byte.
                if at < 2 {
                    cases.append(SocketCase(name, [odd], [], .failed(1002), failsWithin: 1))
                } else {
                    cases.append(
                        SocketCase(
                            name, [frame(1, hello), odd, frame(9)], chop: at == 2 ? .max : 1, [.text(hello)], .failed(1002),
                            failsWithin: 20))
                }
            }
        }
        return cases
    }()

    /// 5: messages in parts.
    private static let fragmentation: [SocketCase] = {
        let (one, two) = (frame(1, "fragment1", isFinal: false), frame(0, "fragment2"))
        let whole = Answer.text(Array("fragment1fragment2".utf8))
        let five = Answer.text(Array("fragment1fragment2fragment3fragment4fragment5".utf8))
        let (first, second) = (Array("pongme 1!".utf8), Array("pongme 2!".utf8))
        let legal = [
            one, frame(0, "fragment2", isFinal: false), frame(9, first), frame(0, "fragment3", isFinal: false),
            frame(0, "fragment4", isFinal: false), frame(9, second), frame(0, "fragment5"),
        ]
        let chops = [Int.max, 15, 1]
        var cases = [
            SocketCase("5.1", [frame(9, "fragment1", isFinal: false), two], [], .failed(1002)),
            SocketCase("5.2", [frame(10, "fragment1", isFinal: false), two], [], .failed(1002)),
        ]
        for (at, chop) in chops.enumerated() {
            cases += [
                SocketCase("5.\(3 + at)", [one, two], chop: chop, [whole]),
                SocketCase("5.\(6 + at)", [one, frame(9, hello), two], chop: chop, [.pong(hello), whole]),
                SocketCase("5.\(9 + at)", [frame(0, "nothing"), frame(1, hello)], chop: chop, [], .failed(1002), failsWithin: 1),
                SocketCase(
                    "5.\(12 + at)", [frame(0, "nothing", isFinal: false), frame(1, hello)], chop: chop, [], .failed(1002),
                    failsWithin: 1),
            ]
        }
        return cases + [
            SocketCase("5.15", [one, two, frame(0, "fragment3", isFinal: false), frame(1, "fragment4")], [whole], .failed(1002)),
            SocketCase("5.16", [frame(0, "fragment1", isFinal: false), one, two], [], .failed(1002)),
            SocketCase("5.17", [frame(0, "fragment1"), one, two], [], .failed(1002)),
            SocketCase("5.18", [one, frame(1, "fragment2")], [], .failed(1002)),
            SocketCase("5.19", legal, [.pong(first), .pong(second), five]),
            SocketCase("5.20", legal, chop: 15, [.pong(first), .pong(second), five]),
        ]
    }()

    /// 6.1 to 6.4: texts in parts, and where a broken one is noticed.
    private static let texts: [SocketCase] = {
        let word = Array("Hello-µ@ßöäüàá-UTF-8!!".utf8)
        let kosme: [UInt8] = [0xCE, 0xBA, 0xE1, 0xBD, 0xB9, 0xCF, 0x83, 0xCE, 0xBC, 0xCE, 0xB5]
        let edited = Array("edited".utf8)
        let surrogate = kosme + [0xED, 0xA0, 0x80] + edited
        let tooHigh = kosme + [0xF4, 0x90, 0x80, 0x80] + edited
        let broken = frame(1, tooHigh)
        let parts = [frame(1, Array(tooHigh[..<11]), isFinal: false), frame(0, Array(tooHigh[11..<15]), isFinal: false)]
        let shorter = [frame(1, Array(tooHigh[..<12]), isFinal: false), frame(0, [tooHigh[12]], isFinal: false)]
        return [
            SocketCase("6.1.1", [frame(1)], [.text([])]),
            SocketCase("6.1.2", [frame(1, [], isFinal: false), frame(0, [], isFinal: false), frame(0)], [.text([])]),
            SocketCase(
                "6.1.3", [frame(1, [], isFinal: false), frame(0, "middle frame payload", isFinal: false), frame(0)],
                [.text(Array("middle frame payload".utf8))]),
            SocketCase("6.2.1", [frame(1, word)], [.text(word)]),
            SocketCase("6.2.2", [frame(1, Array(word[..<15]), isFinal: false), frame(0, Array(word[15...]))], [.text(word)]),
            SocketCase("6.2.3", fragments(1, word, 1), [.text(word)]),
            SocketCase("6.2.4", fragments(1, kosme, 1), [.text(kosme)]),
            SocketCase("6.3.1", [frame(1, surrogate)], [], .failed(1007)),
            SocketCase("6.3.2", fragments(1, surrogate, 1), [], .failed(1007)),
            SocketCase(
                "6.4.1", parts + [frame(0, edited)], chop: 1, [], .failed(1007), failsWithin: parts.joined().count - 2),
            SocketCase(
                "6.4.2", shorter + [frame(0, Array(tooHigh[13...]))], chop: 1, [], .failed(1007),
                failsWithin: shorter.joined().count),
            // Within one frame: at the very byte that can't be.
            SocketCase("6.4.3", [broken], chop: 1, [], .failed(1007), failsWithin: 6 + 13),
            SocketCase("6.4.4", [broken], chop: 1, [], .failed(1007), failsWithin: 6 + 13),
        ]
    }()
}
