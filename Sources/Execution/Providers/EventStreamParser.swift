// Server-sent events out of bytes (WHATWG HTML, section 9.2.6): pure and incremental, so that the stream may be split anywhere, inside
// a line end or a character too. Models and MCP servers answer in this form. The lenient manner takes what servers of models are known
// to send besides: errors in a field `error:`, and errors as bare JSON without any field.
// Bounds: `eventBytes` for one event, its lines together.

import Base

/// One event of a stream.
struct ServerEvent: Equatable {
    /// The field `event`; empty when there was none.
    var name = ""
    /// The lines of `data`, joined by line feeds.
    var data: [UInt8] = []

    var text: String { String(decoding: data, as: UTF8.self) }
}

/// Cuts a stream into events.
struct EventStreamParser {
    /// The most bytes of one event.
    static let eventBytes = 1 << 20

    private let isLenient: Bool
    private var line: [UInt8] = []
    private var event = ServerEvent()
    private var hasData = false
    /// A carriage return ended the last line: a line feed that follows belongs to it.
    private var hasReturned = false
    private var isAtStart = true

    /// - Parameter isLenient: whether errors that are framed wrongly are taken, as events of the name `error`.
    init(isLenient: Bool = false) {
        self.isLenient = isLenient
    }

    /// Takes the next bytes.
    /// - Returns: the events that they complete.
    /// - Throws: `.contentTooLarge` when an event has no end in sight.
    mutating func feed(_ bytes: [UInt8]) throws(Fault) -> [ServerEvent] {
        var events: [ServerEvent] = []
        for byte in bytes {
            switch byte {
            case 0x0A where hasReturned:
                hasReturned = false
            case 0x0A, 0x0D:
                hasReturned = byte == 0x0D
                if let event = endLine() { events.append(event) }
            default:
                hasReturned = false
                line.append(byte)
                guard line.count + event.data.count <= EventStreamParser.eventBytes else {
                    throw Fault(.contentTooLarge, "An event has more than \(EventStreamParser.eventBytes) bytes.")
                }
            }
        }
        return events
    }

    /// The stream has ended. An event that no blank line ended is taken as it is: many servers leave the last one out.
    mutating func finish() -> ServerEvent? {
        if !line.isEmpty, let event = endLine() { return event }
        return dispatch()
    }

    /// - Returns: the event that a blank line ends.
    private mutating func endLine() -> ServerEvent? {
        var text = line[...]
        line = []
        if isAtStart {
            isAtStart = false
            if text.starts(with: [0xEF, 0xBB, 0xBF]) { text = text.dropFirst(3) }
        }
        guard let first = text.first else { return dispatch() }
        if isLenient, first == UInt8(ascii: "{") {
            (event.name, hasData) = ("error", true)
            event.data += text
            return nil
        }
        let colon = text.firstIndex(of: UInt8(ascii: ":")) ?? text.endIndex
        var value = colon < text.endIndex ? text[(colon + 1)...] : []
        if value.first == 0x20 { value = value.dropFirst() }
        switch String(decoding: text[..<colon], as: UTF8.self) {
        case "data":
            if hasData { event.data.append(0x0A) }
            event.data += value
            hasData = true
        case "event":
            event.name = String(decoding: value, as: UTF8.self)
        case "error" where isLenient:
            (event.name, event.data, hasData) = ("error", Array(value), true)
        default:
            // A comment, which keeps the connection alive; a field of no use here; or one that nobody knows.
            break
        }
        return nil
    }

    private mutating func dispatch() -> ServerEvent? {
        defer { (event, hasData) = (ServerEvent(), false) }
        return hasData ? event : nil
    }
}
