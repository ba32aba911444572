// The OpenAPI 3.1 document, made from the table of endpoints: the same declarations that read requests and write answers.

import Base
import HTTP
import JSON
import Tenancy

enum OpenAPI {
    /// The document as JSON.
    static func document(_ endpoints: [Endpoint], version: String) -> [UInt8] {
        var components = SchemaComponents()
        components.add(Problem.schema)
        for endpoint in endpoints {
            if let body = endpoint.body { components.add(body) }
            if let answer = endpoint.answer { components.add(answer) }
        }
        var writer = JSONWriter(capacity: 64 << 10)
        writer.beginObject()
        writer.key("openapi")
        writer.string("3.1.0")
        writer.key("info")
        writer.beginObject()
        writer.key("title")
        writer.string("Insula")
        writer.key("version")
        writer.string(version)
        writer.key("description")
        writer.string(
            "A multi-tenant backend that runs agents. Every error is a Problem (RFC 9457); every answer carries X-Request-Id. "
                + "An Idempotency-Key counts where a credential says whose it is; what takes none, such as /v1/signup, knows no such key."
        )
        writer.endObject()
        writer.key("servers")
        writer.beginArray()
        writer.beginObject()
        writer.key("url")
        writer.string("/")
        writer.endObject()
        writer.endArray()
        writer.key("paths")
        writePaths(endpoints, to: &writer)
        writer.key("components")
        writer.beginObject()
        writer.key("securitySchemes")
        writer.raw(Array(securitySchemes.utf8))
        writer.key("schemas")
        components.write(to: &writer)
        writer.endObject()
        writer.endObject()
        return writer.finish()
    }

    private static let securitySchemes =
        """
        {"bearer":{"type":"http","scheme":"bearer","description":"An access token, or an API key."},\
        "apiKey":{"type":"apiKey","in":"header","name":"X-API-Key","description":"An API key."},\
        "operator":{"type":"http","scheme":"bearer","description":"The key of an operator of the installation."},\
        "cookie":{"type":"apiKey","in":"cookie","name":"__Host-session","description":"The session of a browser."}}
        """

    private static func writePaths(_ endpoints: [Endpoint], to writer: inout JSONWriter) {
        var paths: [String] = []
        for endpoint in endpoints where !paths.contains(endpoint.path) { paths.append(endpoint.path) }
        writer.beginObject()
        for path in paths {
            writer.key(name: path)
            writer.beginObject()
            for endpoint in endpoints where endpoint.path == path {
                writer.key(name: endpoint.method.name.description.lowercased())
                write(endpoint, among: endpoints, to: &writer)
            }
            writer.endObject()
        }
        writer.endObject()
    }

    private static func write(_ endpoint: Endpoint, among endpoints: [Endpoint], to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("operationId")
        writer.string(operationID(endpoint))
        writer.key("summary")
        writer.string(endpoint.summary)
        writer.key("tags")
        writer.beginArray()
        writer.string(tag(endpoint))
        writer.endArray()
        if let right = endpoint.right {
            writer.key("x-required-scope")
            writer.string(right.rawValue)
            writer.key("x-step-up")
            writer.bool(endpoint.isSensitive)
            writer.key("security")
            let scope = "[\"\(right.rawValue)\"]"
            writer.raw(Array(#"[{"bearer":\#(scope)},{"apiKey":\#(scope)},{"cookie":\#(scope)}]"#.utf8))
        }
        if endpoint.isForOperators {
            writer.key("security")
            writer.raw(Array(#"[{"operator":[]}]"#.utf8))
        }
        writeParameters(endpoint, headers(of: endpoint, among: endpoints), to: &writer)
        if let body = endpoint.body {
            writer.key("requestBody")
            writer.beginObject()
            writer.key("required")
            writer.bool(!endpoint.bodyIsOptional)
            writeContent(endpoint.bodyTypes.map(\.rawValue), body, to: &writer)
            writer.endObject()
        }
        writer.key("responses")
        writeResponses(endpoint, to: &writer)
        writer.endObject()
    }

    /// The header fields that it understands beside those of every request.
    private static func headers(of endpoint: Endpoint, among endpoints: [Endpoint]) -> [SchemaNode.Property] {
        var headers: [SchemaNode.Property] = []
        func add(_ name: String, _ summary: String) {
            headers.append(
                SchemaNode.Property(name, SchemaNode(.string(length: nil, format: nil), summary), isRequired: false))
        }
        if endpoint.method == .post, endpoint.isPrivate || endpoint.isForOperators {
            add("Idempotency-Key", "1 to 255 visible characters: the same request again within a day gets the same answer.")
        }
        guard endpoints.contains(where: { $0.path == endpoint.path && $0.isRevised }) else { return headers }
        switch endpoint.method {
        case .get: add("If-None-Match", "The ETag that the caller has: 304 when it is the present one.")
        case .put, .patch, .delete:
            add("If-Match", "The ETag that the change was made for: 412 when it is no longer the present one.")
        default: break
        }
        return headers
    }

    private static func writeParameters(
        _ endpoint: Endpoint, _ headers: [SchemaNode.Property], to writer: inout JSONWriter
    ) {
        let names = endpoint.path.split(separator: "/").filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) }
        guard !names.isEmpty || !endpoint.query.isEmpty || !headers.isEmpty else { return }
        writer.key("parameters")
        writer.beginArray()
        for name in names {
            writeParameter(SchemaNode.Property(name, SchemaNode(.string(length: nil, format: nil))), "path", to: &writer)
        }
        for property in endpoint.query { writeParameter(property, "query", to: &writer) }
        for property in headers { writeParameter(property, "header", to: &writer) }
        writer.endArray()
    }

    private static func writeParameter(_ property: SchemaNode.Property, _ place: String, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("name")
        writer.string(property.name)
        writer.key("in")
        writer.string(place)
        writer.key("required")
        writer.bool(property.isRequired)
        if !property.node.summary.isEmpty {
            writer.key("description")
            writer.string(property.node.summary)
        }
        writer.key("schema")
        property.node.write(to: &writer)
        writer.endObject()
    }

    private static func writeContent(_ types: [String], _ schema: SchemaNode, to writer: inout JSONWriter) {
        writer.key("content")
        writer.beginObject()
        for type in types {
            writer.key(name: type)
            writer.beginObject()
            writer.key("schema")
            schema.write(to: &writer)
            writer.endObject()
        }
        writer.endObject()
    }

    private static func writeResponses(_ endpoint: Endpoint, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key(name: String(endpoint.status))
        writer.beginObject()
        writer.key("description")
        writer.string(endpoint.status == 204 ? "Done; there is no body." : "Success.")
        if let answer = endpoint.answer { writeContent([endpoint.answerType.description], answer, to: &writer) }
        writer.endObject()
        if endpoint.isLive {
            writer.key("101")
            writer.beginObject()
            writer.key("description")
            writer.string(
                """
                For `Upgrade: websocket`, version 13. Messages are JSON objects with a `type`: `authenticate` (with `token`, where no field \
                carries a credential), `subscribe` (with `id`, `filters` and `last_seq`), `unsubscribe` and `ping`; the server says `ready`, \
                `subscribed`, `event`, `unsubscribed`, `pong` and `error`. It closes with 1008 when the credential ends, with 1013 \
                who reads too slowly, and with 1001 when it stops. With `Accept: text/event-stream` the answer is a stream of \
                server-sent events instead, each with its number as `id`.
                """)
            writer.endObject()
        }
        writer.key("default")
        writer.beginObject()
        writer.key("description")
        writer.string("A problem; `code` tells which.")
        writeContent(["application/problem+json"], Problem.schema, to: &writer)
        writer.endObject()
        writer.endObject()
    }

    /// `get_v1_agents_agent_id`, unique because method and path are.
    private static func operationID(_ endpoint: Endpoint) -> String {
        let path = endpoint.path.map { $0.isLetter || $0.isNumber ? $0 : "_" }
        return endpoint.method.name.description.lowercased() + String(path).replacing("__", with: "_")
    }

    /// The first word of the path behind the version.
    private static func tag(_ endpoint: Endpoint) -> String {
        let words = endpoint.path.split(separator: "/").map(String.init)
        return words.count > 1 && words[0] == "v1" && (endpoint.isPrivate || endpoint.isForOperators) ? words[1] : "system"
    }
}
