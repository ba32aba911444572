// The WebSocket codec against the table of cases, against its own bounds, and against what it writes itself.

import Base
import Testing

@testable import HTTP

/// A server that sends back what it gets, as far as the state machine is concerned.
private struct Echo {
    private var machine: WebSocketProtocol
    private(set) var answers: [SocketCase.Answer] = []
    private(set) var sent: [UInt8] = []
    private(set) var ended: (code: WebSocketCloseCode?, failed: Bool)?

    init(_ limits: WebSocketLimits) {
        machine = WebSocketProtocol(.server, limits: limits)
    }

    mutating func take(_ bytes: [UInt8]) {
        for action in machine.receive(bytes) {
            switch action {
            case .text(let text): answers.append(.text(text))
            case .binary(let bytes): answers.append(.binary(bytes))
            case .pong: break
            case .send(let bytes):
                sent += bytes
                if bytes[0] == 0x8A { answers.append(.pong(Array(bytes[2...]))) }
            case .ended(let code, let failed): ended = (code, failed)
            }
        }
    }

    mutating func take(_ bytes: [UInt8], chop: Int) -> Int {
        var at = 0
        while at < bytes.count, ended == nil {
            let end = chop == .max ? bytes.count : min(at + chop, bytes.count)
            take(Array(bytes[at..<end]))
            at = end
        }
        return at
    }

    /// The code in the close frame that was sent, if one was.
    var closeSent: UInt16? {
        guard let at = sent.lastIndex(of: 0x88), sent.count >= at + 4 else { return nil }
        return UInt16(sent[at + 2]) << 8 | UInt16(sent[at + 3])
    }
}

@Suite struct WebSocketTests {
    /// Wide enough for all cases.
    private static let wide: WebSocketLimits = {
        var limits = WebSocketLimits()
        (limits.frameBytes, limits.messageBytes) = (16 << 20, 16 << 20)
        (limits.framesPerSecond, limits.framesAtOnce) = (1_000_000, 1_000_000)
        return limits
    }()

    @Test func `the codec does what every case of Autobahn's wants`() throws {
        var ran = 0
        for example in SocketCase.all {
            var echo = Echo(WebSocketTests.wide)
            let taken = echo.take(example.bytes, chop: example.chop)
            #expect(echo.answers.count == example.answers.count, "\(example.name)")
            // Nothing large is compared byte by byte in a build for tests.
            for (answer, wanted) in zip(echo.answers, example.answers) {
                #expect(answer.size == wanted.size && (answer.size.1 > 70_000 || answer == wanted), "\(example.name)")
            }
            switch example.end {
            case .byClient:
                #expect(echo.ended == nil, "\(example.name)")
                echo.take(SocketCase.close(1000))
                #expect(echo.ended?.failed == false && echo.closeSent == 1000, "\(example.name)")
            case .closed(let code):
                #expect(echo.ended?.failed == false && echo.ended?.code?.rawValue == code, "\(example.name)")
                #expect(echo.closeSent == code, "\(example.name)")
            case .failed(let code):
                #expect(echo.ended?.failed == true && echo.closeSent == code, "\(example.name) \(echo.closeSent ?? 0)")
                if example.chop == 1, let within = example.failsWithin { #expect(taken <= within, "\(example.name)") }
                if let within = example.failsWithin {
                    var early = Echo(WebSocketTests.wide)
                    early.take(Array(example.bytes[..<within]))
                    #expect(early.ended?.failed == true, "\(example.name) fails too late")
                }
            }
            ran += 1
        }
        #expect(Set(SocketCase.all.map(\.name)).count == SocketCase.all.count)
        print("Autobahn's cases: \(ran) ran")
        #expect(ran == 301)
    }

    @Test func `what was cut anywhere means the same`() {
        let frames = [
            SocketCase.frame(1, "Γειά", isFinal: false), SocketCase.frame(9, "p"), SocketCase.frame(0, " σου"),
            SocketCase.frame(2, [UInt8](repeating: 7, count: 300)), SocketCase.close(4000, Array("fine".utf8)),
        ]
        let bytes = Array(frames.joined())
        for cut in 0...bytes.count {
            var echo = Echo(WebSocketLimits())
            echo.take(Array(bytes[..<cut]))
            echo.take(Array(bytes[cut...]))
            #expect(
                echo.answers == [
                    .pong([UInt8(ascii: "p")]), .text(Array("Γειά σου".utf8)), .binary([UInt8](repeating: 7, count: 300)),
                ])
            #expect(echo.ended?.code?.rawValue == 4000 && echo.closeSent == 4000)
        }
    }

    @Test func `a length that is not in its shortest form, or has the highest bit, is refused`() {
        for head: [UInt8] in [
            [0x82, 0xFE, 0, 125, 0, 0, 0, 0], [0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0, 0, 0],
            [0x82, 0xFF, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0],
        ] {
            var echo = Echo(WebSocketTests.wide)
            echo.take(head)
            #expect(echo.ended?.failed == true && echo.closeSent == 1002)
        }
    }

    @Test func `a mask is wanted from clients and refused from servers`() {
        var server = WebSocketProtocol(.server)
        var client = WebSocketProtocol(.client)
        var plain: [UInt8] = []
        plain.appendWebSocketFrame(.text, [0x61])
        #expect(server.receive(plain).last == .ended(.protocolError, failed: true))
        #expect(client.receive(plain) == [.text([0x61])])
        var masked: [UInt8] = []
        masked.appendWebSocketFrame(.text, [0x61], mask: .random())
        #expect(client.receive(masked).last == .ended(.protocolError, failed: true))
        var again = WebSocketProtocol(.server)
        #expect(again.receive(masked) == [.text([0x61])])
    }

    @Test func `a message beyond its bound is refused by its head, whether in one frame or in many`() {
        var limits = WebSocketLimits()
        (limits.frameBytes, limits.messageBytes) = (1_000, 1_500)
        let payload = [UInt8](repeating: 1, count: 1_000)
        var whole = Echo(limits)
        whole.take(Array(SocketCase.frame(2, payload + [1])[..<8]))
        #expect(whole.ended?.failed == true && whole.closeSent == 1009)
        var parts = Echo(limits)
        parts.take(SocketCase.frame(2, payload, isFinal: false))
        #expect(parts.ended == nil)
        parts.take(Array(SocketCase.frame(0, payload)[..<8]))
        #expect(parts.ended?.failed == true && parts.closeSent == 1009)
        var fitting = Echo(limits)
        fitting.take(SocketCase.frame(2, payload, isFinal: false) + SocketCase.frame(0, Array(payload[..<500])))
        #expect(fitting.answers == [.binary([UInt8](repeating: 1, count: 1_500))])
    }

    @Test func `frames that come too fast end the connection, and those in time do not`() {
        var limits = WebSocketLimits()
        (limits.framesPerSecond, limits.framesAtOnce) = (10, 5)
        var machine = WebSocketProtocol(.server, limits: limits)
        let start = Instant(nanoseconds: 5_000_000_000)
        let frame = SocketCase.frame(10)
        for _ in 0..<5 { #expect(machine.receive(frame, now: start) == [.pong([])]) }
        // A tenth of a second later there is room for one, and for no second one.
        let later = start.advanced(milliseconds: 100)
        #expect(machine.receive(frame, now: later) == [.pong([])])
        #expect(machine.receive(frame, now: later).last == .ended(.policyViolation, failed: true))
    }

    @Test func `after its own close a side says nothing more, and hears nothing but the answer`() {
        var machine = WebSocketProtocol(.server)
        var bye: [UInt8] = []
        bye.appendWebSocketClose(.goingAway, "away")
        #expect(machine.close(.goingAway, "away") == bye)
        #expect(machine.close(.normal).isEmpty && !machine.isOpen)
        #expect(machine.receive(SocketCase.frame(9) + SocketCase.frame(1, "late")) == [])
        #expect(machine.receive(SocketCase.close(1001)) == [.ended(.goingAway, failed: false)])
        #expect(machine.receive(SocketCase.frame(9)) == [])
    }

    @Test func `a reason is cut to what a frame holds, between characters`() {
        var bytes: [UInt8] = []
        bytes.appendWebSocketClose(.normal, String(repeating: "ä", count: 100))
        #expect(bytes.count == 2 + 2 + 122 && bytes[1] == 124)
        var client = WebSocketProtocol(.client)
        #expect(client.receive(bytes).last == .ended(.normal, failed: false))
    }

    @Test func `UTF-8 is told as Swift tells it, whatever the bytes and wherever they are cut`() {
        var random = SystemRandomNumberGenerator()
        let lead: [UInt8] = [
            0x00, 0x41, 0x7F, 0x80, 0xBF, 0xC0, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF1, 0xF4, 0xF5, 0xFF, 0x9F, 0xA0,
            0x8F, 0x90,
        ]
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...12, using: &random)).map { _ in lead.randomElement(using: &random) ?? 0 }
            let cut = Int.random(in: 0...bytes.count, using: &random)
            var checker = UTF8Checker()
            let isGood = checker.take(Array(bytes[..<cut]).span) && checker.take(Array(bytes[cut...]).span) && checker.isWhole
            #expect(isGood == (String(validating: bytes, as: UTF8.self) != nil), "\(bytes) cut at \(cut)")
        }
    }

    @Test func `the proof of the RFC's own example is the RFC's`() {
        #expect(WebSocketHandshake.accept(of: "dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }
}

extension SocketCase.Answer {
    /// The kind and how long it is.
    fileprivate var size: (Int, Int) {
        switch self {
        case .text(let bytes): (1, bytes.count)
        case .binary(let bytes): (2, bytes.count)
        case .pong(let bytes): (10, bytes.count)
        }
    }
}
