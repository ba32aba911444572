// Writing a frame (RFC 6455, section 5.2): the shortest form of the length, and a mask where a client writes.

extension [UInt8] {
    /// The most bytes that stand before a payload.
    static var webSocketHeadBytes: Int { 14 }

    /// Appends a frame.
    /// - Parameters:
    ///   - isFinal: whether the message ends with it.
    ///   - mask: what a client hides the payload with; a server gives none.
    public mutating func appendWebSocketFrame(
        _ opcode: WebSocketOpcode, _ payload: [UInt8], isFinal: Bool = true, mask: WebSocketMask? = nil
    ) {
        reserveCapacity(count + payload.count + Self.webSocketHeadBytes)
        append((isFinal ? 0x80 : 0) | opcode.rawValue)
        let maskBit: UInt8 = mask == nil ? 0 : 0x80
        switch payload.count {
        case ..<126: append(maskBit | UInt8(payload.count))
        case ..<0x1_0000:
            append(maskBit | 126)
            append(UInt8(truncatingIfNeeded: payload.count >> 8))
            append(UInt8(truncatingIfNeeded: payload.count))
        default:
            append(maskBit | 127)
            for shift in stride(from: 56, through: 0, by: -8) { append(UInt8(truncatingIfNeeded: payload.count >> shift)) }
        }
        if let mask {
            for offset in 0..<4 { append(mask.byte(offset)) }
        }
        let start = count
        append(contentsOf: payload)
        if let mask { applyMask(mask, from: start) }
    }

    /// Appends a close frame.
    /// - Parameters:
    ///   - code: `nil` for a close that says nothing.
    ///   - reason: a few words, cut to what a control frame holds.
    public mutating func appendWebSocketClose(
        _ code: WebSocketCloseCode?, _ reason: String = "", mask: WebSocketMask? = nil
    ) {
        var payload: [UInt8] = []
        if let code {
            payload = [UInt8(code.rawValue >> 8), UInt8(truncatingIfNeeded: code.rawValue)]
            for scalar in reason.unicodeScalars {
                let bytes = Array(String(scalar).utf8)
                guard payload.count + bytes.count <= WebSocketProtocol.controlBytes else { break }
                payload += bytes
            }
        }
        appendWebSocketFrame(.close, payload, mask: mask)
    }
}
