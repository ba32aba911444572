// Takes the chunked transfer coding off a body (RFC 9112, section 7.1) as its bytes arrive. It keeps no byte: data is answered as a
// range of the input. Chunk extensions and trailer fields are checked, bounded and dropped. Blanks, signs, prefixes and bare line
// feeds are refused, since readers differ in what they make of them.

import Base

/// A state machine over the bytes of a chunked body.
public struct ChunkedDecoder: Sendable {
    /// What a step found.
    public enum Step: Sendable, Equatable {
        /// Data, as a range of the input. What lies before it is spent; go on from its upper bound.
        case data(Range<Int>)
        /// The whole input is spent and the body goes on.
        case needMore
        /// The body is complete; so many bytes of the input belonged to it.
        case end(consumed: Int)
    }

    /// The bound of all chunk extensions of a body together, in bytes.
    public static let extensionBytes = 4 << 10
    /// The bound of the trailer section, in bytes.
    public static let trailerBytes = 8 << 10
    /// A chunk size has at most so many digits.
    static let sizeDigits = 8

    private enum State {
        case size, sizeFeed
        case extensionStart, extensionName, extensionValueStart, extensionToken, extensionQuoted, extensionEscape,
            extensionQuoteEnd
        case data, dataReturn, dataFeed
        case trailerStart, trailerName, trailerValue, trailerFeed, endFeed, done
    }

    private var state = State.size
    private var digits = 0
    private var remaining = 0
    private var extensionCount = 0
    private var trailerCount = 0

    /// A decoder at the beginning of a body.
    public init() {}

    /// Whether the body has ended.
    public var isDone: Bool { state == .done }

    /// Goes on with `input`, the bytes that follow those that earlier steps took.
    public mutating func decode(_ input: Span<UInt8>, from start: Int = 0) throws(Refusal) -> Step {
        var at = start
        while at < input.count {
            switch state {
            case .data:
                let end = min(input.count, at + remaining)
                remaining -= end - at
                if remaining == 0 { state = .dataReturn }
                return .data(at..<end)
            case .size:
                try takeSize(input[at])
            case .sizeFeed, .dataReturn, .dataFeed, .trailerFeed:
                try takeLineEnd(input[at])
            case .endFeed:
                try expect(input[at], 0x0A)
                state = .done
                return .end(consumed: at + 1)
            case .trailerStart, .trailerName, .trailerValue:
                try takeTrailer(input[at])
            case .done:
                return .end(consumed: at)
            default:
                try takeExtension(input[at])
            }
            at += 1
        }
        return state == .done ? .end(consumed: at) : .needMore
    }

    private func expect(_ byte: UInt8, _ wanted: UInt8) throws(Refusal) {
        guard byte == wanted else { throw .malformed("A line of a chunked body does not end with CR LF.") }
    }

    private mutating func takeSize(_ byte: UInt8) throws(Refusal) {
        if let digit = hexadecimalValue(byte) {
            guard digits < ChunkedDecoder.sizeDigits else { throw .malformed("A chunk size has too many digits.") }
            remaining = remaining << 4 | Int(digit)
            digits += 1
            return
        }
        guard digits > 0 else { throw .malformed("A chunk does not begin with its size.") }
        switch byte {
        case 0x0D: state = .sizeFeed
        case UInt8(ascii: ";"): state = .extensionStart
        default: throw .malformed("A chunk size is no plain hexadecimal number.")
        }
    }

    private mutating func takeLineEnd(_ byte: UInt8) throws(Refusal) {
        switch state {
        case .sizeFeed:
            try expect(byte, 0x0A)
            state = remaining == 0 ? .trailerStart : .data
            digits = 0
        case .dataReturn:
            try expect(byte, 0x0D)
            state = .dataFeed
        case .dataFeed:
            try expect(byte, 0x0A)
            state = .size
        default:
            try expect(byte, 0x0A)
            state = .trailerStart
        }
    }

    /// `;name`, `;name=token` or `;name="quoted"`, without blanks.
    private mutating func takeExtension(_ byte: UInt8) throws(Refusal) {
        extensionCount += 1
        guard extensionCount <= ChunkedDecoder.extensionBytes else { throw .malformed("The chunk extensions are too long.") }
        let isToken = ByteClass.token.contains(byte)
        switch (state, byte) {
        case (.extensionStart, _) where isToken: state = .extensionName
        case (.extensionName, _) where isToken: break
        case (.extensionName, UInt8(ascii: "=")): state = .extensionValueStart
        case (.extensionValueStart, UInt8(ascii: "\"")): state = .extensionQuoted
        case (.extensionValueStart, _) where isToken: state = .extensionToken
        case (.extensionToken, _) where isToken: break
        case (.extensionName, UInt8(ascii: ";")), (.extensionToken, UInt8(ascii: ";")), (.extensionQuoteEnd, UInt8(ascii: ";")):
            state = .extensionStart
        case (.extensionName, 0x0D), (.extensionToken, 0x0D), (.extensionQuoteEnd, 0x0D):
            state = .sizeFeed
        case (.extensionQuoted, UInt8(ascii: "\"")): state = .extensionQuoteEnd
        case (.extensionQuoted, UInt8(ascii: "\\")): state = .extensionEscape
        case (.extensionQuoted, 0x20...0x7E), (.extensionQuoted, 0x80...), (.extensionQuoted, 0x09): break
        case (.extensionEscape, 0x20...0x7E), (.extensionEscape, 0x80...), (.extensionEscape, 0x09): state = .extensionQuoted
        default: throw .malformed("A chunk extension is malformed.")
        }
    }

    private mutating func takeTrailer(_ byte: UInt8) throws(Refusal) {
        trailerCount += 1
        guard trailerCount <= ChunkedDecoder.trailerBytes else {
            throw Refusal(.headTooLarge, "The trailer section is too large.")
        }
        switch (state, byte) {
        case (.trailerStart, 0x0D): state = .endFeed
        case (.trailerStart, _) where ByteClass.token.contains(byte): state = .trailerName
        case (.trailerName, _) where ByteClass.token.contains(byte): break
        case (.trailerName, UInt8(ascii: ":")): state = .trailerValue
        case (.trailerValue, 0x0D): state = .trailerFeed
        case (.trailerValue, 0x20...0x7E), (.trailerValue, 0x80...), (.trailerValue, 0x09): break
        default: throw .malformed("A trailer field is malformed.")
        }
    }
}
