// A header field of an outgoing request. Its value is text, or a secret that is copied nowhere but into the bytes that are sent.

import Base

/// A name and a value.
public struct ClientHeader: Sendable {
    /// What stands behind the colon.
    enum Value: Sendable {
        case text(String)
        case secret(prefix: String, Secret)
    }

    /// The name, in any case.
    public let name: String
    let value: Value

    /// A field that may be shown.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = .text(value)
    }

    /// A field with a secret, such as `authorization` with the prefix `Bearer `. It is never sent to another origin than the first.
    public init(_ name: String, secret: Secret, prefix: String = "") {
        self.name = name
        value = .secret(prefix: prefix, secret)
    }

    /// Whether a redirect to another origin loses the field.
    var isPrivate: Bool {
        if case .secret = value { return true }
        return ClientHeader.privateNames.contains(name.lowercased())
    }

    private static let privateNames: Set<String> = ["authorization", "cookie", "x-api-key", "proxy-authorization"]

    /// Names whose value this client decides, because they frame the message or speak about the connection.
    static let reservedNames: Set<String> = [
        "host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "expect",
        "accept-encoding", "proxy-connection", "proxy-authorization", "http2-settings",
    ]

    /// Appends the field line. The name was checked before.
    /// - Returns: `false` when the value holds a control character but a tab; what was appended is then of no use.
    func append(to output: inout [UInt8]) -> Bool {
        output.append(contentsOf: name.utf8)
        output.append(UInt8(ascii: ":"))
        output.append(0x20)
        let from = output.count
        switch value {
        case .text(let text): output.append(contentsOf: text.utf8)
        case .secret(let prefix, let secret):
            output.append(contentsOf: prefix.utf8)
            unsafe secret.withBytes { unsafe output.append(contentsOf: $0) }
        }
        guard output.span.isFieldValue(from..<output.count) else { return false }
        output.appendLineEnd()
        return true
    }
}
