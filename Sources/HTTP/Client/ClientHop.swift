// One message of an outgoing request: the first, or what a redirect makes of it (Fetch, "HTTP-redirect fetch"). Writes its head, in which
// no header can end its line early, and decides where a redirect leads.

import Base
import CLinux

struct ClientHop: Sendable {
    private(set) var method: Method
    private(set) var url: WebURL
    private(set) var origin: ClientOrigin
    private(set) var headers: [ClientHeader]
    private(set) var body: [UInt8]

    /// - Throws: `.invalid` for methods and headers that can't be sent, `.outboundRefused` for URLs that are not requested.
    init(_ request: ClientRequest) throws(Fault) {
        method = request.method
        url = request.url
        headers = request.headers
        body = request.body
        origin = try ClientOrigin(request.url)
        guard method != .connect, method != .trace, method != .other else {
            throw .invalid("method", "enum", "This method can't be sent.")
        }
        guard body.isEmpty || method != .head else { throw .invalid("body", "format", "HEAD has no body.") }
        guard headers.count <= Limits.requestHeaderCount else {
            throw .invalid("headers", "limit", "A request has at most \(Limits.requestHeaderCount) headers.")
        }
        for (at, header) in headers.enumerated() {
            if let refusal = ClientHeader.refusal(ofName: header.name) {
                throw .invalid("headers[\(at)].name", "format", refusal)
            }
        }
    }

    /// Whether a second try does no harm (RFC 9110, section 9.2.2), which an idempotency key also promises.
    var isIdempotent: Bool {
        switch method {
        case .get, .head, .options, .put, .delete: true
        default: has("idempotency-key")
        }
    }

    private func has(_ name: String) -> Bool {
        headers.contains { $0.name.lowercased() == name }
    }

    // MARK: Writing

    /// The head, with the body behind it.
    /// - Throws: `.invalid` naming the header whose value holds a line end, a NUL or another control character.
    func message() throws(Fault) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(1024 + body.count)
        output.appendStatic(method.name)
        output.append(0x20)
        let target = url.requestTarget
        guard target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw .invalid("url", "format", "The URL's path or query can't be sent.")
        }
        output.append(contentsOf: target.utf8)
        output.appendStatic(" HTTP/1.1\r\nhost: ")
        output.append(contentsOf: url.authority.utf8)
        output.appendLineEnd()
        if !has("accept") { output.appendStatic("accept: */*\r\n") }
        if !has("user-agent") { output.appendStatic("user-agent: insula\r\n") }
        output.appendStatic("accept-encoding: identity\r\n")
        let fieldsFrom = output.count
        for (at, header) in headers.enumerated() {
            guard header.append(to: &output) else {
                ClientHop.wipe(&output)
                throw .invalid("headers[\(at)].value", "format", ClientHeader.refusal(ofValueOf: header.name))
            }
        }
        guard output.count - fieldsFrom <= ClientRequest.headerBytes else {
            ClientHop.wipe(&output)
            throw .invalid("headers", "limit", "The headers together have more than \(ClientRequest.headerBytes) bytes.")
        }
        if !body.isEmpty || method == .post || method == .put || method == .patch { output.appendContentLength(body.count) }
        output.appendLineEnd()
        output.append(contentsOf: body)
        return output
    }

    /// Overwrites a message that was sent: it may hold secrets.
    static func wipe(_ message: inout [UInt8]) {
        unsafe message.withUnsafeMutableBytes { bytes in
            if let start = bytes.baseAddress { unsafe insula_wipe(start, UInt(bytes.count)) }
        }
    }

    // MARK: Redirects

    /// What to send next after the answer `head`; `nil` when it is no redirect.
    /// - Throws: `.outboundFailed` for a target that is no URL, `.outboundRefused` for one that is not requested or not encrypted any more.
    func redirected(by head: ResponseHead) throws(Fault) -> ClientHop? {
        guard [301, 302, 303, 307, 308].contains(head.status), let location = head.headers.text(of: .location) else { return nil }
        guard var target = url.resolve(location) else {
            throw Fault(.outboundFailed, "\(url.hostname) redirects to what is no URL.")
        }
        if target.fragment == nil { target.fragment = url.fragment }
        var next = self
        next.url = target
        next.origin = try ClientOrigin(target)
        guard !origin.isSecure || next.origin.isSecure else {
            throw Fault(.outboundRefused, "\(url.hostname) redirects from https to http, which is not followed.")
        }
        let losesBody = head.status == 303 ? method != .head && method != .get : (head.status < 303 && method == .post)
        if losesBody {
            next.method = .get
            next.body = []
            next.headers.removeAll { $0.name.lowercased().hasPrefix("content-") }
        }
        if next.origin != origin { next.headers.removeAll { $0.isPrivate } }
        return next
    }
}
