// `security_scan`: looks at a server as any visitor may, and says what could be safer: name, TLS, headers, cookies. Passive: no guessing, no
// probing of ports or paths; one page and a few records are asked for.
// Bounds: those of `ServerInspection`, `cookieFindings`, the timeout.

import Base
import HTTP
import JSON

/// Says what of a server could be safer.
struct SecurityScanTool: Tool {
    static let timeoutSeconds = 1...120
    static let cookieFindings = 30
    /// How many names CAA records are looked for at.
    static let parentLimit = 5

    struct Arguments: Sendable {
        let target: String
        let domain: String?
        let timeoutSeconds: Int
    }

    private let inspector: ServerInspector

    init(client: OutgoingClient, resolver: DNSResolver) {
        inspector = ServerInspector(client: client, resolver: resolver)
    }

    let name = "security_scan"
    let version = "1.0.0"
    let summary = "Looks at a server as any visitor may, and says what could be safer, with evidence, advice and a score."
    let category = "security"
    let effect = Effect.idempotent
    let configuration = SecurityScanTool.declaration("SecurityScanConfiguration", isCall: false)
    let arguments = SecurityScanTool.declaration("SecurityScanArguments", isCall: true)
    var output: SchemaNode { SecurityReport.output.schema }

    let examples = [
        ToolExample("A site and its mail", configuration: ["target": "https://example.com/", "domain": "example.com"])
    ]

    private static func declaration(_ name: String, isCall: Bool) -> Input<Arguments> {
        Input<Arguments>(name, "A server to judge.") { fields in
            Arguments(
                target: isCall
                    ? fields.required("target", .serverTarget, "A URL, or a name alone.")
                    : fields.optional("target", .serverTarget, "A URL, or a name alone.") ?? "",
                domain: fields.optional(
                    "domain", .serverTarget, "Whose mail is judged; the name of the server without www otherwise."),
                timeoutSeconds: fields.defaulted("timeout", .integer(timeoutSeconds), 60, "Seconds that it may take."))
        }
    }

    func call(_ arguments: Arguments, in context: ToolContext) async throws(StepFailure) -> JSONValue {
        guard let url = ServerInspection.url(arguments.target) else {
            throw StepFailure(.invalid("target", "format", "This is neither a URL nor a name."))
        }
        let deadline = Instant.now.advanced(milliseconds: context.milliseconds(atMost: arguments.timeoutSeconds * 1000))
        let report: SecurityReport
        do throws(Fault) {
            report = try await scan(url, arguments, context.clock.now, deadline)
        } catch {
            throw StepFailure(error)
        }
        context.write(.info, "scanned \(url.hostname): \(report.score.map { "\($0) points" } ?? "no score")")
        return try SecurityReport.output.value(report)
    }

    private func scan(
        _ url: WebURL, _ arguments: Arguments, _ now: Timestamp, _ deadline: Instant
    ) async throws(Fault) -> SecurityReport {
        var inspection = try await inspector.begin(url, deadline: deadline)
        var (findings, checked): ([SecurityFinding], [String]) = ([], [])
        var skipped: [String: String] = [:]
        if inspection.isNamed {
            findings += try await names(url, arguments, &inspection, deadline)
        } else {
            inspection.failures[.dns] = "The server was named by its address."
        }
        try await inspector.lookAtHTTP(&inspection, deadline: deadline)
        // Of a site that leads its visitors from http to https, the TLS is where they come to.
        let final = inspection.response?.url
        try await inspector.lookAtTLS(at: url.scheme == "https" ? url : final, &inspection, deadline: deadline)
        if let tls = inspection.tls { findings += SecurityChecks.transport(tls, now: now) }
        if let response = inspection.response {
            let isSecure = response.url.scheme == "https"
            findings += SecurityChecks.way(from: url, to: response.url)
            findings += SecurityChecks.headers(response.headers, isSecure: isSecure)
            findings += SecurityChecks.cookies(response.headers, isSecure: isSecure).prefix(SecurityScanTool.cookieFindings)
        }
        for part in ServerInspection.Part.allCases {
            if let failure = inspection.failures[part] {
                skipped[part.rawValue] = failure
            } else if part != .tls || inspection.tls != nil {
                checked.append(part.rawValue)
            }
        }
        let order = SecurityFinding.Severity.allCases
        let sorted = order.flatMap { severity in findings.filter { $0.severity == severity } }
        return SecurityReport(target: url.description, findings: sorted, checked: checked, skipped: skipped)
    }

    private func names(
        _ url: WebURL, _ arguments: Arguments, _ inspection: inout ServerInspection, _ deadline: Instant
    ) async throws(Fault) -> [SecurityFinding] {
        let host = url.hostname
        let given = arguments.domain.flatMap { ServerInspection.url($0)?.hostname }
        let domain = given ?? (host.hasPrefix("www.") ? String(host.dropFirst(4)) : host)
        let texts = try await values(.txt, domain, &inspection, deadline)
        var policies: [MailPolicy] = []
        for name in MailPolicy.domains(for: domain) where policies.last?.endsWalk != true {
            let isAbove = name != domain
            let found = try await values(.txt, "_dmarc." + name, &inspection, deadline, isAbove: isAbove)
            if let policy = MailPolicy(of: name, texts: found, isInherited: isAbove) { policies.append(policy) }
        }
        // The nearest name on the way up decides (RFC 8659, section 3).
        var (name, authorities) = (host[...], [String]())
        for step in 0..<SecurityScanTool.parentLimit where authorities.isEmpty && (step == 0 || name.contains(".")) {
            authorities = try await values(.caa, String(name), &inspection, deadline, isAbove: step > 0)
            name = name.drop { $0 != "." }.dropFirst()
        }
        // What could not be looked up is not missing.
        guard inspection.failures[.dns] == nil else { return [] }
        return SecurityChecks.names(
            domain: domain, texts: texts, policy: MailPolicy.holding(policies), authorities: authorities)
    }

    /// What the records of a kind at a name say. Nobody has asked for names above: those that may not be looked at are told as a failure.
    private func values(
        _ type: DNSRecordType, _ name: String, _ inspection: inout ServerInspection, _ deadline: Instant, isAbove: Bool = false
    ) async throws(Fault) -> [String] {
        inspection.records = []
        guard inspection.failures[.dns] == nil else { return [] }
        do throws(Fault) {
            try await inspector.look(up: [type], of: name, &inspection, deadline: deadline)
        } catch {
            guard isAbove, error.code == .outboundRefused else { throw error }
            inspection.failures[.dns] = error.message
        }
        return inspection.records.filter { $0.type == type }.map(\.value)
    }
}
