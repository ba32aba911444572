// One side of a WebSocket as a pure state machine (RFC 6455, sections 5 to 7): bytes in, messages and bytes to be sent out. It answers
// pings and closes by itself, and fails the connection at the first byte that can't be right: a reserved bit, an unknown kind, a length
// that is not the shortest, a missing mask, a broken text, a message beyond the bound, too many frames.
// Bounds: `WebSocketLimits`; one message at a time is kept.

import Base

/// What the bytes of a peer mean.
public struct WebSocketProtocol: Sendable {
    /// The payload of a control frame (section 5.5).
    public static let controlBytes = 125

    public enum Role: Sendable { case server, client }

    /// What follows from the bytes.
    public enum Action: Sendable, Equatable {
        /// A whole text, which is UTF-8.
        case text([UInt8])
        /// A whole message of bytes.
        case binary([UInt8])
        /// The answer to a ping.
        case pong([UInt8])
        /// Bytes that are to be sent.
        case send([UInt8])
        /// Nothing more comes, and nothing more may be sent behind what was: the connection is to be ended.
        /// - Parameters:
        ///   - code: what the peer said, or what it was told when it broke a rule; `nil` when it said nothing.
        case ended(WebSocketCloseCode?, failed: Bool)
    }

    /// How far the end has come.
    private enum Phase { case open, closing, ended }

    /// The frame whose payload is being read.
    private struct Frame {
        let opcode: WebSocketOpcode
        let isFinal: Bool
        let mask: WebSocketMask?
        let length: Int
        var taken = 0
    }

    private struct Broken: Error {
        let code: WebSocketCloseCode
        let reason: String
    }

    private let role: Role
    private let limits: WebSocketLimits
    private var phase = Phase.open
    private var head: [UInt8] = []
    private var frame: Frame?
    private var control: [UInt8] = []
    private var message: [UInt8] = []
    /// The kind of the message that has begun.
    private var kind: WebSocketOpcode?
    private var checker = UTF8Checker()
    private var allowance: FrameAllowance

    public init(_ role: Role, limits: WebSocketLimits = WebSocketLimits()) {
        self.role = role
        self.limits = limits
        allowance = FrameAllowance(perSecond: limits.framesPerSecond, atOnce: limits.framesAtOnce)
    }

    /// Whether messages may be sent.
    public var isOpen: Bool { phase == .open }

    /// Takes bytes of the peer.
    /// - Parameter now: when they came, for the bound on their rate.
    public mutating func receive(_ bytes: [UInt8], now: Instant = Instant(nanoseconds: 0)) -> [Action] {
        var actions: [Action] = []
        do throws(Broken) {
            var at = 0
            while phase != .ended, at < bytes.count || frame.map({ $0.taken == $0.length }) == true {
                if frame == nil {
                    try readHead(bytes, &at, now)
                } else {
                    try readPayload(bytes, &at, &actions)
                }
            }
        } catch {
            actions += fail(error)
        }
        return actions
    }

    /// The bytes that begin the end of the connection; none when it has begun already.
    public mutating func close(_ code: WebSocketCloseCode, _ reason: String = "") -> [UInt8] {
        guard phase == .open else { return [] }
        phase = .closing
        var bytes: [UInt8] = []
        bytes.appendWebSocketClose(code, reason, mask: outgoingMask)
        return bytes
    }

    private var outgoingMask: WebSocketMask? { role == .client ? .random() : nil }

    private mutating func fail(_ broken: Broken) -> [Action] {
        let bytes = close(broken.code, broken.reason)
        phase = .ended
        message = []
        return (bytes.isEmpty ? [] : [.send(bytes)]) + [.ended(broken.code, failed: true)]
    }

    // MARK: Heads

    private mutating func readHead(_ bytes: [UInt8], _ at: inout Int, _ now: Instant) throws(Broken) {
        head.append(bytes[at])
        at += 1
        // What is wrong with a byte is told before the next one comes.
        if head.count == 1 { return _ = try opcode() }
        let size = try lengthBytes()
        let masked = role == .server ? 4 : 0
        guard head.count == 2 + size + masked else { return }
        let length = try length(size)
        let mask = masked == 0 ? nil : WebSocketMask(head[2 + size], head[3 + size], head[4 + size], head[5 + size])
        let kind = try opcode()
        guard allowance.take(now) else { throw Broken(code: .policyViolation, reason: "too many frames") }
        if !kind.isControl {
            guard length <= limits.frameBytes, message.count + length <= limits.messageBytes else {
                throw Broken(code: .tooBig, reason: "a message has at most \(limits.messageBytes) bytes")
            }
            if kind != .continuation { self.kind = kind }
        }
        frame = Frame(opcode: kind, isFinal: head[0] & 0x80 != 0, mask: mask, length: length)
        head.removeAll(keepingCapacity: true)
    }

    /// The kind of the frame that has begun, as its first byte tells.
    private func opcode() throws(Broken) -> WebSocketOpcode {
        guard head[0] & 0x70 == 0 else { throw Broken(code: .protocolError, reason: "a reserved bit is set") }
        guard let opcode = WebSocketOpcode(rawValue: head[0] & 0x0F) else {
            throw Broken(code: .protocolError, reason: "there is no such kind of frame")
        }
        if opcode.isControl, head[0] & 0x80 == 0 { throw Broken(code: .protocolError, reason: "a control frame is in parts") }
        if opcode == .continuation, kind == nil { throw Broken(code: .protocolError, reason: "there is nothing to continue") }
        if !opcode.isControl, opcode != .continuation, kind != nil, head.count == 1 {
            throw Broken(code: .protocolError, reason: "a message begins inside another")
        }
        return opcode
    }

    /// How many bytes of length stand behind the second byte.
    private func lengthBytes() throws(Broken) -> Int {
        guard (head[1] & 0x80 != 0) == (role == .server) else {
            throw Broken(code: .protocolError, reason: role == .server ? "a frame has no mask" : "a frame has a mask")
        }
        let short = head[1] & 0x7F
        if head[0] & 0x08 != 0, short > WebSocketProtocol.controlBytes {
            throw Broken(code: .protocolError, reason: "a control frame is too long")
        }
        return short == 126 ? 2 : short == 127 ? 8 : 0
    }

    private func length(_ size: Int) throws(Broken) -> Int {
        guard size > 0 else { return Int(head[1] & 0x7F) }
        var length: UInt64 = 0
        for offset in 0..<size { length = length << 8 | UInt64(head[2 + offset]) }
        guard length >= (size == 2 ? 126 : 0x1_0000), length >> 63 == 0 else {
            throw Broken(code: .protocolError, reason: "a length is not in its shortest form")
        }
        return Int(length)
    }

    // MARK: Payloads

    private mutating func readPayload(_ bytes: [UInt8], _ at: inout Int, _ actions: inout [Action]) throws(Broken) {
        guard var reading = frame else { return }
        let count = min(bytes.count - at, reading.length - reading.taken)
        var piece = Array(bytes[at..<at + count])
        if let mask = reading.mask { piece.applyMask(mask, offset: reading.taken) }
        at += count
        reading.taken += count
        if reading.opcode.isControl {
            control += piece
        } else {
            // A broken text is told before it is whole.
            if kind == .text, !checker.take(piece.span) {
                throw Broken(code: .invalidPayload, reason: "a text is not UTF-8")
            }
            message += piece
        }
        guard reading.taken == reading.length else {
            frame = reading
            return
        }
        frame = nil
        try finish(reading, &actions)
    }

    private mutating func finish(_ frame: Frame, _ actions: inout [Action]) throws(Broken) {
        switch frame.opcode {
        case .close: try finishClose(&actions)
        case .ping:
            if phase == .open {
                var answer: [UInt8] = []
                answer.appendWebSocketFrame(.pong, control, mask: outgoingMask)
                actions.append(.send(answer))
            }
            control = []
        case .pong:
            actions.append(.pong(control))
            control = []
        case .continuation, .text, .binary:
            guard frame.isFinal else { return }
            if kind == .text, !checker.isWhole { throw Broken(code: .invalidPayload, reason: "a text is not UTF-8") }
            // After this side's close nothing is listened to any more.
            if phase == .open { actions.append(kind == .text ? .text(message) : .binary(message)) }
            message = []
            kind = nil
            checker = UTF8Checker()
        }
    }

    private mutating func finishClose(_ actions: inout [Action]) throws(Broken) {
        guard control.count != 1 else { throw Broken(code: .protocolError, reason: "a close has half a code") }
        var code: WebSocketCloseCode?
        if control.count >= 2 {
            let given = WebSocketCloseCode(rawValue: UInt16(control[0]) << 8 | UInt16(control[1]))
            guard given.isSendable else { throw Broken(code: .protocolError, reason: "there is no such close code") }
            var checker = UTF8Checker()
            guard checker.take(Array(control[2...]).span), checker.isWhole else {
                throw Broken(code: .invalidPayload, reason: "the reason of a close is not UTF-8")
            }
            code = given
        }
        if phase == .open {
            var answer: [UInt8] = []
            answer.appendWebSocketClose(code, mask: outgoingMask)
            actions.append(.send(answer))
        }
        phase = .ended
        actions.append(.ended(code, failed: false))
    }
}

/// How many frames may still come: as many as `atOnce`, and `perSecond` more each second.
struct FrameAllowance: Sendable {
    let perSecond: Int
    let atOnce: Int
    private var nanoframes: Int
    private var counted = Instant(nanoseconds: 0)

    init(perSecond: Int, atOnce: Int) {
        self.perSecond = perSecond
        self.atOnce = atOnce
        nanoframes = atOnce * 1_000_000_000
    }

    /// Counts one frame; `false` when it is one too many.
    mutating func take(_ now: Instant) -> Bool {
        let passed = Int(min(now.nanoseconds &- min(counted.nanoseconds, now.nanoseconds), 3_600_000_000_000))
        nanoframes = min(atOnce * 1_000_000_000, nanoframes + passed * perSecond)
        counted = max(counted, now)
        guard nanoframes >= 1_000_000_000 else { return false }
        nanoframes -= 1_000_000_000
        return true
    }
}
