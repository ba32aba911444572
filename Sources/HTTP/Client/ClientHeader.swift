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

    /// Why a request can't have a field of that name and value; `nil` when it can.
    public static func refusal(_ name: String, _ value: String) -> String? {
        if let refusal = refusal(ofName: name) { return refusal }
        let bytes = Array(value.utf8)
        return bytes.span.isFieldValue(0..<bytes.count) ? nil : refusal(ofValueOf: name)
    }

    /// Why a request can't have a field of that name; `nil` when it can.
    static func refusal(ofName name: String) -> String? {
        guard (1...256).contains(name.utf8.count), name.utf8.allSatisfy(ByteClass.token.contains) else {
            return "A header's name is a token of RFC 9110."
        }
        return reservedNames.contains(name.lowercased()) ? "The header \(name) is written by the client itself." : nil
    }

    static func refusal(ofValueOf name: String) -> String {
        "The value of \(name) holds a line end or another control character."
    }

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
