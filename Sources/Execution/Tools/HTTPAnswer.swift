// What `http_request` gives: status, headers and the body in the form that fits it: JSON as JSON, text as text, anything else in base64.

import Base
import Crypto
import HTTP
import JSON

/// An answer of another server, as a step's output.
struct HTTPAnswer {
    static let headerLimit = 64
    static let headerBytes = 1_024

    let response: ClientResponse
    let headers: [String: String]
    let json: JSONValue?
    let text: String?
    let base64: String?

    init(_ response: ClientResponse) {
        self.response = response
        headers = HTTPAnswer.headers(of: response.headers)
        let type = response.headers.text(of: .contentType)?.lowercased() ?? ""
        var json: JSONValue?
        if !response.isTruncated, type.hasPrefix("application/json") || type.prefix(while: { $0 != ";" }).hasSuffix("+json") {
            json = try? JSONValue(parsing: response.body)
        }
        self.json = json
        guard json == nil, !response.body.isEmpty else {
            text = nil
            base64 = nil
            return
        }
        // A cut may have come in the middle of a character.
        let whole = response.isTruncated ? HTTPAnswer.withoutPart(response.body) : response.body[...]
        let text = String(validating: whole, as: UTF8.self)
        if let text, !text.utf8.contains(0), JSONValue.string(text).bytes.count <= HTTPRequestTool.textBytes {
            self.text = text
            base64 = nil
        } else {
            self.text = nil
            base64 = Base64.standard.encode(response.body)
        }
    }

    /// The bytes without a character (UTF-8) at the end that is not whole.
    private static func withoutPart(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
        var start = bytes.count
        while start > 0, bytes.count - start < 4 {
            start -= 1
            if bytes[start] & 0xC0 != 0x80 { break }
        }
        guard start < bytes.count, bytes[start] >= 0xC0 else { return bytes[...] }
        let length = bytes[start] >= 0xF0 ? 4 : bytes[start] >= 0xE0 ? 3 : 2
        return start + length > bytes.count ? bytes[..<start] : bytes[...]
    }

    /// The headers by their names in lower case; what sets a cookie is a credential.
    private static func headers(of fields: HeaderFields) -> [String: String] {
        var headers: [String: String] = [:]
        for field in fields.fields where headers.count < headerLimit {
            let name = fields.name(field).lowercased()
            let value = name == "set-cookie" ? "[redacted]" : fields.value(field).cut(bytes: headerBytes)
            headers[name] = headers[name].map { $0 + ", " + value }?.cut(bytes: headerBytes) ?? value
        }
        return headers
    }

    static let output = Output<HTTPAnswer>(
        "HTTPRequestOutput", "The answer of another server.",
        [
            .field("status", "The status.") { $0.response.status },
            .field("url", "Where the answer came from, after all redirects.") { $0.response.url.description },
            .field("headers", "The headers by their names in lower case.") { $0.headers },
            .sparse("json", "The body, when it is JSON.") { $0.json },
            .sparse("text", "The body, when it is text.") { $0.text },
            .sparse("base64", "The body, when it is neither.") { $0.base64 },
            .field("bytes", "The length of the body that was taken.") { $0.response.body.count },
            .field("truncated", "Whether the body was longer.") { $0.response.isTruncated },
            .field("redirects", "How many redirects were followed.") { $0.response.redirectCount },
            .object("timings", "Where the time went.", ClientTimings.output) { $0.response.timings },
        ])
}
