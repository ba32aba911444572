// What can be seen of a server from outside, gathered once for the tools that tell or judge it: its names' records, how it begins TLS, what it
// answers. Every address, those of the name system included, is judged by the guard before anything else is done.
// Bounds: `responseBytes` of an answer are read, the deadline.

import Base
import HTTP
import JSON

/// A server, looked at.
struct ServerInspection: Sendable {
    /// What can be looked at.
    enum Part: String, Sendable, CaseIterable {
        case dns, tls, http
    }

    static let responseBytes = 64 << 10
    static let userAgent = "Insula/1.0 (net_inspect)"

    let url: WebURL
    var addresses: [IPAddress] = []
    var records: [DNSRecord] = []
    var tls: TLSReport?
    var response: ClientResponse?
    /// Why a part could not be looked at.
    var failures: [Part: String] = [:]

    init(_ url: WebURL) {
        self.url = url
    }

    /// Whether the host is a name, which the name system knows things about.
    var isNamed: Bool {
        if case .domain? = url.host { true } else { false }
    }

    /// A server by its URL or by its name alone, which stands for `https`; `nil` for what is neither.
    static func url(_ text: String) -> WebURL? {
        guard let url = WebURL(text.contains("://") ? text : "https://" + text) else { return nil }
        return (url.scheme == "http" || url.scheme == "https") && !url.hasCredentials && !url.hostname.isEmpty ? url : nil
    }
}

/// Looks at servers.
struct ServerInspector: Sendable {
    let client: OutgoingClient
    let resolver: DNSResolver

    /// Resolves the host and has the guard judge it.
    /// - Throws: `.outboundRefused` when one of its addresses may not be reached. That there is none is told by the parts.
    func begin(_ url: WebURL, deadline: Instant) async throws(Fault) -> ServerInspection {
        var inspection = ServerInspection(url)
        do throws(Fault) {
            inspection.addresses = try await client.addresses(of: url, timeoutMilliseconds: left(deadline))
        } catch {
            guard error.code == .outboundFailed else { throw error }
        }
        return inspection
    }

    /// Looks records up, and has the guard judge the addresses among them.
    /// - Throws: `.outboundRefused`, `.cancelled`.
    func look(
        up types: [DNSRecordType], of name: String, _ inspection: inout ServerInspection, deadline: Instant
    ) async throws(Fault) {
        for type in types {
            do throws(Fault) {
                let found = try await resolver.records(type, of: name, deadline: deadline)
                try client.judge(found.compactMap(\.address), port: inspection.url.effectivePort ?? 443)
                for record in found where !inspection.records.contains(record) { inspection.records.append(record) }
            } catch {
                if error.code == .outboundRefused { throw error }
                try note(error, .dns, &inspection)
            }
        }
    }

    /// - Throws: `.cancelled`.
    func lookAtTLS(_ inspection: inout ServerInspection, deadline: Instant) async throws(Fault) {
        guard inspection.url.scheme == "https" else { return }
        do throws(Fault) {
            inspection.tls = try await client.inspectTLS(inspection.url, timeoutMilliseconds: left(deadline))
        } catch {
            try note(error, .tls, &inspection)
        }
    }

    /// - Throws: `.cancelled`.
    func lookAtHTTP(_ inspection: inout ServerInspection, deadline: Instant) async throws(Fault) {
        do throws(Fault) {
            inspection.response = try await answer(of: inspection.url, deadline: deadline)
        } catch {
            try note(error, .http, &inspection)
        }
    }

    /// What a server answers to a plain request.
    func answer(of url: WebURL, redirects: Int = Limits.outboundRedirects, deadline: Instant) async throws(Fault)
        -> ClientResponse
    {
        var request = ClientRequest(.get, url, headers: [ClientHeader("user-agent", ServerInspection.userAgent)])
        request.timeoutMilliseconds = left(deadline)
        request.responseLimitBytes = ServerInspection.responseBytes
        request.truncatesAtLimit = true
        request.maxRedirects = redirects
        return try await client.send(request)
    }

    private func note(_ fault: Fault, _ part: ServerInspection.Part, _ inspection: inout ServerInspection) throws(Fault) {
        if fault.code == .cancelled { throw fault }
        inspection.failures[part] = fault.message
    }

    private func left(_ deadline: Instant) -> Int { max(1, deadline.milliseconds(since: .now)) }
}
