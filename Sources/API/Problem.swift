// A fault on the wire: RFC 9457, with a stable code, the request's id and, for validation, one entry a field.

import Base
import JSON

enum Problem {
    /// Appends the body of `fault`. Its cause is not part of it.
    /// - Parameter violated: the policy of the bucket that was empty.
    static func write(
        _ fault: Fault, requestID: String, path: String?, violated: StaticString? = nil, into bytes: inout [UInt8]
    ) {
        JSONWriter.append(to: &bytes) { writer in
            writer.beginObject()
            writer.key("type")
            writer.string(type(of: fault.code))
            writer.key("title")
            writer.string(fault.code.title)
            writer.key("status")
            writer.int(fault.code.status)
            writer.key("detail")
            writer.string(fault.message)
            if let path {
                writer.key("instance")
                writer.string(path)
            }
            writer.key("code")
            writer.string(fault.code.rawValue)
            writer.key("request_id")
            writer.string(requestID)
            if let violated {
                writer.key("violated-policies")
                writer.beginArray()
                writer.string("\(violated)")
                writer.endArray()
            }
            if !fault.fields.isEmpty {
                writer.key("errors")
                writer.beginArray()
                for field in fault.fields {
                    writer.beginObject()
                    writer.key("field")
                    writer.string(field.path)
                    writer.key("code")
                    writer.string(field.code)
                    writer.key("message")
                    writer.string(field.message)
                    writer.endObject()
                }
                writer.endArray()
            }
            writer.endObject()
        }
    }

    /// Where the code is explained: its own page, but for the one that has a registered type (draft-ietf-httpapi-ratelimit-headers).
    private static func type(of code: Fault.Code) -> String {
        code == .rateLimited ? "https://iana.org/assignments/http-problem-types#quota-exceeded" : "/docs#\(code.rawValue)"
    }

    /// The description of the body for OpenAPI.
    static let schema = SchemaNode(
        .named("Problem") {
            SchemaNode(
                .object([
                    SchemaNode.Property(
                        "type", SchemaNode(.string(length: nil, format: "uri-reference"), "Where the code is explained.")),
                    SchemaNode.Property(
                        "title",
                        SchemaNode(.string(length: nil, format: nil), "A few words, the same for every problem of this code.")),
                    SchemaNode.Property("status", SchemaNode(.integer(400...599), "The status of the answer.")),
                    SchemaNode.Property(
                        "detail", SchemaNode(.string(length: nil, format: nil), "One sentence about this problem.")),
                    SchemaNode.Property(
                        "instance", SchemaNode(.string(length: nil, format: "uri-reference"), "The path of the request."),
                        isRequired: false),
                    SchemaNode.Property(
                        "code", SchemaNode(.enumeration(Fault.Code.allCases.map(\.rawValue)), "What went wrong; stable.")),
                    SchemaNode.Property(
                        "request_id", SchemaNode(.string(length: nil, format: nil), "Names the request in the log.")),
                    SchemaNode.Property(
                        "violated-policies",
                        SchemaNode(
                            .array(of: SchemaNode(.string(length: nil, format: nil), "A policy."), count: nil),
                            "The policies of RateLimit-Policy that refused the request."), isRequired: false),
                    SchemaNode.Property(
                        "errors", SchemaNode(.array(of: field, count: nil), "The refused fields of a validation."),
                        isRequired: false),
                ]), "An error (RFC 9457).")
        })

    private static let field = SchemaNode(
        .object([
            SchemaNode.Property(
                "field", SchemaNode(.string(length: nil, format: nil), "The path of the field; empty for the body itself.")),
            SchemaNode.Property("code", SchemaNode(.string(length: nil, format: nil), "Why it was refused.")),
            SchemaNode.Property("message", SchemaNode(.string(length: nil, format: nil), "One sentence.")),
        ]))
}
