// How events are spelled for a reader: as texts over a WebSocket, each naming the subscription that wanted it, or as server-sent events
// (WHATWG HTML, section 9.2). Whole batches at once, so that many readers share the bytes.

import Base
import HTTP
import JSON
import Tenancy

/// A way to spell events.
enum EventEncoding: Sendable, Hashable {
    /// Frames of a WebSocket.
    case webSocket(subscription: String)
    case serverSent

    /// The bytes of events, one behind the other.
    func bytes(_ events: [Event]) -> [UInt8] {
        var bytes: [UInt8] = []
        for event in events {
            switch self {
            case .webSocket(let subscription):
                var writer = JSONWriter()
                writer.beginObject()
                writer.key("type")
                writer.string("event")
                writer.key("id")
                writer.string(subscription)
                writer.key("event")
                Event.output.write(event, to: &writer)
                writer.endObject()
                bytes.appendWebSocketFrame(.text, writer.finish())
            case .serverSent:
                bytes.appendStatic("id: ")
                bytes.appendDecimal(event.seq)
                bytes.appendStatic("\nevent: ")
                bytes.append(contentsOf: event.type.utf8)
                bytes.appendStatic("\ndata: ")
                JSONWriter.append(to: &bytes) { writer in Event.output.write(event, to: &writer) }
                bytes.appendStatic("\n\n")
            }
        }
        return bytes
    }
}
