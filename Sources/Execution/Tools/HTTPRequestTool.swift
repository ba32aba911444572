// `http_request`: one request to another server, and its answer whatever its status. Requests that may not be repeated are only repeated
// when whoever configured them says that they may. Header values that look like credentials are left out of the
// journal, the log and the output, and sent to no other origin; a blueprint or an input that holds them is stored as it was given.
// Bounds: `ClientRequest`'s, `bodyBytes` each way, the timeout.

import Base
import Crypto
import HTTP
import JSON

/// Asks another server for something, or tells it something.
struct HTTPRequestTool: Tool {
    /// The most bytes of a body, sent or taken.
    static let bodyBytes = 256 << 10
    static let takenBytes = 512 << 10
    /// An answer whose text grows beyond this when it is written as JSON is given in base64.
    static let textBytes = 720 << 10
    static let headerLimit = 32
    static let timeoutSeconds = 1...120

    /// The methods that may be asked for.
    enum Verb: String, Sendable, CaseIterable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
        case options = "OPTIONS"

        var method: Method {
            switch self {
            case .get: .get
            case .head: .head
            case .post: .post
            case .put: .put
            case .patch: .patch
            case .delete: .delete
            case .options: .options
            }
        }

        /// RFC 9110, section 9.2.2.
        var isIdempotent: Bool { self != .post && self != .patch }
        /// Whether it is asked for its own sake and changes nothing (RFC 9110, section 9.2.1).
        var isSafe: Bool { self == .get || self == .head || self == .options }
    }

    struct Arguments: Sendable {
        let verb: Verb
        let url: String
        let headers: [String: String]
        let body: String?
        let json: JSONValue?
        let sendsPrevious: Bool
        let previous: JSONValue?
        let timeoutSeconds: Int
        let isDeclaredIdempotent: Bool
        let failsOnStatus: Bool
    }

    private let client: OutgoingClient

    init(client: OutgoingClient) {
        self.client = client
    }

    let name = "http_request"
    let version = "1.0.0"
    let summary = "Sends one HTTP request and gives the answer, whatever its status."
    let category = "network"
    let effect = Effect.unsafe
    let configuration = HTTPRequestTool.declaration("HTTPRequestConfiguration", isCall: false)
    let arguments = HTTPRequestTool.declaration("HTTPRequestArguments", isCall: true)
    var output: SchemaNode { HTTPAnswer.output.schema }

    let examples = [
        ToolExample("Read a page of an API", configuration: ["url": "https://example.com/", "timeout": 10]),
        ToolExample(
            "Tell another system what the tool before found, safe to repeat",
            configuration: ["method": "POST", "url": "https://example.com/hook", "send_previous": true, "idempotent": true]),
    ]

    private static func declaration(_ name: String, isCall: Bool) -> Input<Arguments> {
        Input<Arguments>(name, "One HTTP request.") { fields in
            let arguments = Arguments(
                verb: fields.defaulted("method", .enumeration(Verb.self), .get, "The method."),
                url: isCall
                    ? fields.required("url", .httpURL, "Where to: http or https.")
                    : fields.optional("url", .httpURL, "Where to: http or https.") ?? "",
                headers: fields.defaulted(
                    "headers", HeaderFieldsShape(0...headerLimit), [:], "Header fields by name."),
                body: fields.optional("body", .string(0...bodyBytes), "The body as text."),
                json: fields.optional("json", .json(bytes: bodyBytes), "The body as JSON."),
                sendsPrevious: fields.defaulted(
                    "send_previous", .boolean, false, "Whether the output of the tool before is the body, as JSON."),
                previous: fields.optional(
                    "previous", .json(bytes: Journal.stepOutputBytes), "The output of the tool before; the strategy gives it."),
                timeoutSeconds: fields.defaulted("timeout", .integer(timeoutSeconds), 30, "Seconds that it may take."),
                isDeclaredIdempotent: fields.defaulted(
                    "idempotent", .boolean, false,
                    "Whether it may be repeated though its method does not say so; each repetition has the same Idempotency-Key."),
                failsOnStatus: fields.defaulted(
                    "fail_on_status", .boolean, false, "Whether an answer with a status of 400 and above is a failure."))
            let bodies = (arguments.body == nil ? 0 : 1) + (arguments.json == nil ? 0 : 1) + (arguments.sendsPrevious ? 1 : 0)
            fields.refuse("body", .duplicate, "Only one of body, json and send_previous can be given.", when: bodies > 1)
            return arguments
        }
    }

    func effect(of arguments: Arguments) -> Effect {
        arguments.verb.isIdempotent || arguments.isDeclaredIdempotent ? .idempotent : .unsafe
    }

    func redacted(_ input: JSONObject) -> JSONObject {
        var result = input
        // It stands in the journal already, as the output of the step before.
        result["previous"] = nil
        guard let headers = input["headers"]?.object else { return result }
        var shown = JSONObject()
        for member in headers.members {
            shown[member.name] = HTTPRequestTool.isPrivate(member.name) ? "[redacted]" : member.value
        }
        result["headers"] = .object(shown)
        return result
    }

    /// Whether a header of that name may hold a credential.
    static func isPrivate(_ name: String) -> Bool {
        let name = name.lowercased()
        if name == "idempotency-key" { return false }
        return ["auth", "cookie", "key", "token", "secret", "password", "credential", "signature", "session"].contains {
            name.contains($0)
        }
    }

    func call(_ arguments: Arguments, in context: ToolContext) async throws(StepFailure) -> JSONValue {
        let answer: HTTPAnswer
        do throws(Fault) {
            answer = HTTPAnswer(try await client.send(request(arguments, context)))
        } catch {
            throw StepFailure(error)
        }
        var metadata = JSONObject()
        metadata["status"] = .integer(answer.response.status)
        metadata["duration_ms"] = .integer(answer.response.timings.totalMilliseconds)
        context.write(.debug, "\(arguments.verb.rawValue) \(answer.response.url.hostname)", metadata)
        if arguments.failsOnStatus, let failure = answer.response.failure {
            // The server has answered: that it refused is known, even of a request that may not be repeated.
            throw effect(of: arguments) == .unsafe ? StepFailure(failure.fault, .permanent) : failure
        }
        return try HTTPAnswer.output.value(answer)
    }

    private func request(_ arguments: Arguments, _ context: ToolContext) throws(Fault) -> ClientRequest {
        var headers: [ClientHeader] = []
        var names: Set<String> = []
        for (name, value) in arguments.headers.sorted(by: { $0.key < $1.key }) {
            headers.append(
                HTTPRequestTool.isPrivate(name) ? ClientHeader(name, secret: Secret(value)) : ClientHeader(name, value))
            names.insert(name.lowercased())
        }
        var body: [UInt8] = []
        if let json = arguments.sendsPrevious ? arguments.previous ?? .null : arguments.json {
            body = json.bytes
            if !names.contains("content-type") { headers.append(ClientHeader("content-type", "application/json")) }
        } else if let text = arguments.body {
            body = Array(text.utf8)
            if !names.contains("content-type") { headers.append(ClientHeader("content-type", "text/plain; charset=utf-8")) }
        }
        if effect(of: arguments) == .idempotent, !arguments.verb.isSafe, !names.contains("idempotency-key") {
            headers.append(ClientHeader("idempotency-key", context.idempotencyKey))
        }
        var request = try ClientRequest(arguments.verb.method, arguments.url, headers: headers, body: body)
        request.timeoutMilliseconds = context.milliseconds(atMost: arguments.timeoutSeconds * 1000)
        request.responseLimitBytes = HTTPRequestTool.takenBytes
        request.truncatesAtLimit = true
        return request
    }
}
