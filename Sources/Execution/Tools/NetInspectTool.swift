// `net_inspect`: what a server shows to anybody: the records of its name, its TLS with the chain of certificates and whether it would be
// accepted, its redirects and headers. What can't be looked at is told as such. Nothing is sent but the plain questions.
// Bounds: those of `ServerInspection`, the timeout.

import Base
import HTTP
import JSON

/// Looks at a server.
struct NetInspectTool: Tool {
    static let timeoutSeconds = 1...60

    struct Arguments: Sendable {
        let target: String
        let parts: [ServerInspection.Part]
        let types: [DNSRecordType]
        let timeoutSeconds: Int
    }

    private let inspector: ServerInspector

    init(client: OutgoingClient, resolver: DNSResolver) {
        inspector = ServerInspector(client: client, resolver: resolver)
    }

    let name = "net_inspect"
    let version = "1.0.0"
    let summary = "Looks at a server: the records of its name, TLS and certificates, redirects and headers."
    let category = "network"
    let effect = Effect.idempotent
    let configuration = NetInspectTool.declaration("NetInspectConfiguration", isCall: false)
    let arguments = NetInspectTool.declaration("NetInspectArguments", isCall: true)
    var output: SchemaNode { ServerInspection.output.schema }

    let examples = [
        ToolExample("Everything about a server", configuration: ["target": "example.com"]),
        ToolExample("Who takes its mail", configuration: ["target": "example.com", "parts": ["dns"], "records": ["MX", "TXT"]]),
    ]

    private static func declaration(_ name: String, isCall: Bool) -> Input<Arguments> {
        Input<Arguments>(name, "A server to look at.") { fields in
            Arguments(
                target: isCall
                    ? fields.required("target", .serverTarget, "A URL, or a name alone.")
                    : fields.optional("target", .serverTarget, "A URL, or a name alone.") ?? "",
                parts: fields.defaulted(
                    "parts", .array(of: EnumerationShape<ServerInspection.Part>(), 1...3), ServerInspection.Part.allCases,
                    "What is looked at."),
                types: fields.defaulted(
                    "records", .array(of: EnumerationShape<DNSRecordType>(), 1...7), [.a, .aaaa, .cname, .mx, .txt, .ns],
                    "Which records of the name."),
                timeoutSeconds: fields.defaulted("timeout", .integer(timeoutSeconds), 30, "Seconds that it may take."))
        }
    }

    func call(_ arguments: Arguments, in context: ToolContext) async throws(StepFailure) -> JSONValue {
        guard let url = ServerInspection.url(arguments.target) else {
            throw StepFailure(.invalid("target", "format", "This is neither a URL nor a name."))
        }
        let deadline = Instant.now.advanced(
            milliseconds: context.milliseconds(atMost: arguments.timeoutSeconds * 1000))
        var inspection: ServerInspection
        do throws(Fault) {
            inspection = try await inspector.begin(url, deadline: deadline)
            if arguments.parts.contains(.dns), inspection.isNamed {
                try await inspector.look(up: arguments.types, of: url.hostname, &inspection, deadline: deadline)
            }
            if arguments.parts.contains(.tls) { try await inspector.lookAtTLS(&inspection, deadline: deadline) }
            if arguments.parts.contains(.http) { try await inspector.lookAtHTTP(&inspection, deadline: deadline) }
        } catch {
            throw StepFailure(error)
        }
        context.write(.info, "looked at \(url.hostname)")
        return try ServerInspection.output.value(inspection)
    }
}

extension ValueShape where Self == RefinedShape<StringShape> {
    /// A URL of `http` or `https`, or a name or an address alone.
    static var serverTarget: RefinedShape<StringShape> {
        StringShape(1...2048).refined(.format, "This must be a URL of http or https without user name and password, or a name.") {
            ServerInspection.url($0) != nil
        }
    }
}

// MARK: What comes out

extension ServerInspection {
    static let output = Output<ServerInspection>(
        "ServerInspection", "A server, looked at.",
        [
            .field("url", "What was looked at.") { $0.url.description },
            .field("host", "The host.") { $0.url.hostname },
            .field("port", "The port.") { $0.url.effectivePort },
            .field("addresses", "The addresses of the host.") { $0.addresses.map(\.description) },
            .list("records", "The records of its name.", DNSRecord.output) { $0.records },
            .objectOrNull("tls", "How it begins TLS; null when it was not looked at or there is none.", TLSReport.output) {
                $0.tls
            },
            .objectOrNull("http", "What it answers; null when it was not looked at or there is no answer.", HTTPView.output) {
                $0.response.map { HTTPView(answer: HTTPAnswer($0)) }
            },
            .field("failures", "Why a part could not be looked at, by parts.") { inspection in
                Dictionary(uniqueKeysWithValues: inspection.failures.map { ($0.key.rawValue, $0.value) })
            },
        ])
}

extension DNSRecord {
    static let output = Output<DNSRecord>(
        "DNSRecord", "A record of the domain name system.",
        [
            .field("name", "Whose.") { $0.name }, .field("type", "Of which kind.") { $0.type.rawValue },
            .field("ttl", "Seconds for which it holds.") { $0.timeToLive },
            .field("value", "What it says.") { $0.value },
        ])
}

extension TLSReport {
    static let output = Output<TLSReport>(
        "TLSReport", "How a server begins TLS.",
        [
            .field("version", "The version that was agreed on.") { $0.version },
            .field("cipher", "The cipher suite.") { $0.cipher },
            .field("cipher_bits", "The bits of its key.") { $0.cipherBits },
            .field("address", "Where the connection went.") { $0.address.description },
            .field("trusted", "Whether the certificate was accepted.") { $0.verifyFailure == nil },
            .field("problem", "Why not.") { $0.verifyFailure },
            .list("certificates", "The chain as it was sent, the server's own first.", Certificate.output) { $0.certificates },
        ])
}

extension TLSReport.Certificate {
    static let output = Output<TLSReport.Certificate>(
        "TLSCertificate", "A certificate.",
        [
            .field("subject", "Whose.") { $0.subject }, .field("issuer", "By whom.") { $0.issuer },
            .field("names", "What it is for.") { $0.names },
            .field("not_before", "From when it holds.") { $0.notBefore }, .field("not_after", "Until when.") { $0.notAfter },
            .field("key_type", "The kind of its key.") { $0.keyType }, .field("key_bits", "The bits of its key.") { $0.keyBits },
            .field("signature", "How it is signed.") { $0.signature },
            .field("fingerprint_sha256", "SHA-256 over the whole.") { $0.fingerprint },
        ])
}

/// What a server answered, without the body.
struct HTTPView {
    let answer: HTTPAnswer

    static let output = Output<HTTPView>(
        "HTTPView", "What a server answered, without the body.",
        [
            .field("status", "The status.") { $0.answer.response.status },
            .field("url", "Where the answer came from.") { $0.answer.response.url.description },
            .field("redirects", "How many redirects led there.") { $0.answer.response.redirectCount },
            .field("headers", "The headers by their names in lower case, without cookies.") { $0.answer.headers },
            .object("timings", "Where the time went.", ClientTimings.output) { $0.answer.response.timings },
        ])
}
