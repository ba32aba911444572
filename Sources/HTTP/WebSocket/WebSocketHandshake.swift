// The opening handshake (RFC 6455, section 4): what a request must say, and what the answer says to it.

import Base
import Crypto

/// A request that opens a WebSocket, checked.
public struct WebSocketHandshake: Sendable, Equatable {
    /// The one version that is spoken.
    public static let version = "13"
    private static let suffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

    /// The value of `Sec-WebSocket-Accept`.
    public let accept: String
    /// The protocols that the client offers, the one it likes best first.
    public let protocols: [String]

    /// Checks a request (section 4.2.1).
    /// - Throws: `.malformed` naming what is missing; `.upgradeRequired` when the version is another one.
    public init(_ head: RequestHead) throws(Fault) {
        guard head.method == .get, head.minorVersion >= 1 else {
            throw Fault(.malformed, "A WebSocket is opened with GET over HTTP/1.1.")
        }
        let headers = head.headers
        guard WebSocketHandshake.wantsSocket(head) else {
            throw Fault(.malformed, "A WebSocket is opened with Connection: Upgrade and Upgrade: websocket.")
        }
        if case .none = head.bodyLength {} else { throw Fault(.malformed, "A request that opens a WebSocket has no body.") }
        guard headers.text(of: .secWebSocketVersion) == WebSocketHandshake.version else {
            throw Fault(.upgradeRequired, "The version of the WebSocket protocol is 13.")
        }
        guard let key = headers.text(of: .secWebSocketKey), let bytes = Base64.standard.decode(key), bytes.count == 16 else {
            throw Fault(.malformed, "Sec-WebSocket-Key is 16 bytes in base64.")
        }
        accept = WebSocketHandshake.accept(of: key)
        protocols = WebSocketHandshake.tokens(headers, .secWebSocketProtocol)
    }

    /// Whether a request asks for a WebSocket, soundly or not.
    public static func wantsSocket(_ head: RequestHead) -> Bool {
        head.wantsUpgrade && tokens(head.headers, .upgrade).contains { $0.lowercased() == "websocket" }
    }

    /// What proves that the server has understood the key.
    public static func accept(of key: String) -> String {
        Base64.standard.encode(HashAlgorithm.sha1.digest(Array((key + suffix).utf8)))
    }

    /// The elements of a field that is a list.
    private static func tokens(_ headers: HeaderFields, _ name: KnownHeader) -> [String] {
        headers.fields.filter { $0.known == name }.flatMap { field in
            headers.bytes[field.value].split(separator: UInt8(ascii: ",")).map { part in
                String(decoding: part, as: UTF8.self).trimmed
            }
        }.filter { !$0.isEmpty }
    }

    /// Appends what a 101 says.
    /// - Parameter chosen: the protocol among those offered, if one was.
    public func write(choosing chosen: String?, into head: inout [UInt8]) {
        head.appendStatic("connection: Upgrade\r\nupgrade: websocket\r\n")
        head.appendHeader(.secWebSocketAccept, accept)
        if let chosen { head.appendHeader(.secWebSocketProtocol, chosen) }
    }
}

extension String {
    /// Without blanks and tabs around it.
    fileprivate var trimmed: String {
        let inner = drop { $0 == " " || $0 == "\t" }
        return String(inner.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}
