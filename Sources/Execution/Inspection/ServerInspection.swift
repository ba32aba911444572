// What can be seen of a server from outside, gathered once for the tools that tell or judge it: its names' records, how it begins TLS, what it
// answers. Every address, those of the name system included, is judged by the guard before anything else is done: the machine's name servers
// may know names that the world does not, and about these nothing is told.
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
    /// The names that may be asked about, with what was answered when their addresses were judged.
    var judged: [String: [DNSRecordType: [DNSRecord]]] = [:]
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

    /// Looks records up once the guard has judged the addresses of the name, and has it judge those among the records.
    /// - Throws: `.outboundRefused`, also for a name without addresses that only a network of its own knows; `.cancelled`.
    func look(
        up types: [DNSRecordType], of name: String, _ inspection: inout ServerInspection, deadline: Instant
    ) async throws(Fault) {
        let host = ServerInspector.host(in: name)
        do throws(Fault) {
            if inspection.judged[host] == nil {
                inspection.judged[host] = try await judged(host, inspection, deadline: deadline)
            }
        } catch {
            if error.code == .outboundRefused { throw error }
            return try note(error, .dns, &inspection)
        }
        for type in types {
            do throws(Fault) {
                let known = host == name ? inspection.judged[host]?[type] : nil
                let found =
                    if let known { known } else { try await resolver.records(type, of: name, deadline: deadline) }
                try client.judge(found.compactMap(\.address), port: inspection.url.effectivePort ?? 443)
                for record in found where !inspection.records.contains(record) { inspection.records.append(record) }
            } catch {
                if error.code == .outboundRefused { throw error }
                try note(error, .dns, &inspection)
            }
        }
    }

    /// The host that a name says something about: labels with an underscore in front are no hosts (RFC 8552).
    private static func host(in name: String) -> String {
        let labels = name.lowercased().split(separator: ".").drop { $0.hasPrefix("_") }
        return labels.joined(separator: ".")
    }

    /// The addresses of a name, all of which may be reached.
    /// - Throws: `.outboundRefused` when one of them may not, or there is none and the name is not of the world.
    private func judged(
        _ host: String, _ inspection: ServerInspection, deadline: Instant
    ) async throws(Fault) -> [DNSRecordType: [DNSRecord]] {
        var answers: [DNSRecordType: [DNSRecord]] = [:]
        for type in [DNSRecordType.a, .aaaa] {
            let found = try await resolver.records(type, of: host, deadline: deadline)
            try client.judge(found.compactMap(\.address), port: inspection.url.effectivePort ?? 443)
            answers[type] = found
        }
        let isTarget = host == ServerInspector.host(in: inspection.url.hostname)
        let hasAddress =
            answers.values.contains { $0.contains { $0.address != nil } } || isTarget && !inspection.addresses.isEmpty
        guard hasAddress || !LocalName.holds(host) else {
            throw Fault(.outboundRefused, "\(host) is a name of networks of their own, about which nothing is asked.")
        }
        return answers
    }

    /// How TLS begins at `url`, or else at what is inspected.
    /// - Throws: `.cancelled`.
    func lookAtTLS(
        at url: WebURL? = nil, _ inspection: inout ServerInspection, deadline: Instant
    ) async throws(Fault) {
        let url = url ?? inspection.url
        guard url.scheme == "https" else { return }
        do throws(Fault) {
            inspection.tls = try await client.inspectTLS(url, timeoutMilliseconds: left(deadline))
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
