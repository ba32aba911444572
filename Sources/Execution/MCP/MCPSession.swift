// A session with an MCP server over streamable HTTP (specification 2025-06-18, transports): initialise, call, end. Every request is a POST
// that is answered with JSON or a stream of events. A session that the server has forgotten (404) is begun anew, once.
// Bounds: `answerBytes` an answer, `pageLimit` pages of tools, `replyLimit` replies to the server, the deadline of the whole.

import Base
import HTTP
import JSON

/// One session. Used by one task, on a loop of the client's.
final class MCPSession {
    static let protocolVersion = "2025-06-18"
    private static let knownVersions: Set<String> = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]
    static let answerBytes = 2 << 20
    static let pageLimit = 20
    static let replyLimit = 16
    /// How long the end of a session may take: nobody waits for it.
    private static let endMilliseconds = 2_000

    private let client: OutgoingClient
    private let url: WebURL
    private let headers: [ClientHeader]
    private let deadline: Instant
    private var sessionID: Secret?
    private var version: String?
    private var number = 0
    /// What the server calls itself.
    private(set) var server: JSONValue = .null

    init(_ client: OutgoingClient, url: WebURL, headers: [ClientHeader], deadline: Instant) {
        self.client = client
        self.url = url
        self.headers = headers
        self.deadline = deadline
    }

    /// What came of a POST.
    private enum Reply {
        case result(JSONValue)
        /// The server knows the session no more. Nothing was done.
        case expired
    }

    // MARK: The session

    /// Begins the session.
    /// - Throws: what it fails with did nothing, and so is never of an unknown outcome.
    func open() async throws(StepFailure) {
        do throws(StepFailure) {
            try await initialise()
        } catch {
            guard error.kind == .transient else { throw error }
            let fault = error.fault
            throw StepFailure(
                Fault(
                    .outboundUnreachable, fault.message, retryAfterSeconds: fault.retryAfterSeconds, cause: fault.cause),
                .transient)
        }
    }

    private func initialise() async throws(StepFailure) {
        (sessionID, version) = (nil, nil)
        let parameters: JSONValue = [
            "protocolVersion": .string(MCPSession.protocolVersion), "capabilities": [:],
            "clientInfo": ["name": "insula", "version": "1.0.0"],
        ]
        guard case .result(let result) = try await post("initialize", parameters, isFirst: true) else {
            throw failure(404)
        }
        guard let version = result["protocolVersion"]?.string, MCPSession.knownVersions.contains(version) else {
            throw StepFailure(Fault(.outboundFailed, "\(url.hostname) speaks no version of MCP that is known here."), .permanent)
        }
        self.version = version
        server = result["serverInfo"] ?? .null
        try await tell(MCPMessage.bytes("notifications/initialized"))
    }

    /// Calls a method.
    func request(_ method: String, _ parameters: JSONValue) async throws(StepFailure) -> JSONValue {
        if case .result(let result) = try await post(method, parameters) { return result }
        try await open()
        if case .result(let result) = try await post(method, parameters) { return result }
        throw StepFailure(Fault(.outboundFailed, "\(url.hostname) forgets every session at once."), .permanent)
    }

    /// All tools of the server.
    func tools() async throws(StepFailure) -> [JSONValue] {
        var tools: [JSONValue] = []
        var cursor: JSONValue?
        for _ in 0..<MCPSession.pageLimit {
            var parameters = JSONObject()
            parameters["cursor"] = cursor
            let page = try await request("tools/list", .object(parameters))
            tools += page["tools"]?.array ?? []
            guard let next = page["nextCursor"], next.string?.isEmpty == false else { return tools }
            cursor = next
        }
        throw StepFailure(
            Fault(.limitReached, "\(url.hostname) has more than \(MCPSession.pageLimit) pages of tools."), .permanent)
    }

    /// Ends the session. Whether the server hears it makes no difference here.
    func close() async {
        guard sessionID != nil else { return }
        var request = ClientRequest(.delete, url, headers: allHeaders)
        request.timeoutMilliseconds = MCPSession.endMilliseconds
        request.truncatesAtLimit = true
        request.responseLimitBytes = 4096
        _ = try? await client.send(request)
        sessionID = nil
    }

    // MARK: Messages

    private var allHeaders: [ClientHeader] {
        var all = headers
        if let sessionID { all.append(ClientHeader("mcp-session-id", secret: sessionID)) }
        if let version { all.append(ClientHeader("mcp-protocol-version", version)) }
        return all
    }

    private func message(_ body: [UInt8]) -> ClientRequest {
        let own = [
            ClientHeader("content-type", "application/json"), ClientHeader("accept", "application/json, text/event-stream"),
        ]
        var request = ClientRequest(.post, url, headers: own + allHeaders, body: body)
        request.timeoutMilliseconds = max(1, deadline.milliseconds(since: .now))
        request.responseLimitBytes = MCPSession.answerBytes
        return request
    }

    /// Sends what has no answer.
    private func tell(_ body: [UInt8]) async throws(StepFailure) {
        let response: ClientResponse
        do throws(Fault) {
            response = try await client.send(message(body))
        } catch {
            throw StepFailure(error)
        }
        if response.status >= 400 { throw failure(response.status) }
    }

    private func post(
        _ method: String, _ parameters: JSONValue, isFirst: Bool = false
    ) async throws(StepFailure) -> Reply {
        number += 1
        let id = number
        let result: Result<Reply, StepFailure>
        do throws(Fault) {
            result = try await client.withResponse(to: message(MCPMessage.bytes(method, id: id, parameters))) {
                (stream) async throws(Fault) -> Result<Reply, StepFailure> in
                if stream.status == 404, sessionID != nil { return .success(.expired) }
                guard (200...299).contains(stream.status) else {
                    return .failure(
                        failure(stream.status, stream.headers.text(of: .retryAfter), type: MCPSession.mediaType(stream)))
                }
                if isFirst, let text = stream.headers.text(named: "mcp-session-id"), !text.isEmpty { sessionID = Secret(text) }
                return try await read(stream, id)
            }
        } catch {
            throw StepFailure(error)
        }
        return try result.get()
    }

    /// What a status says.
    private func failure(_ status: Int, _ retryAfter: String? = nil, type: String? = nil) -> StepFailure {
        let what = type.map { " and \($0)" } ?? ""
        var fault = Fault(.outboundFailed, "The MCP server \(url.hostname) answered with status \(status)\(what).")
        let isTransient = status == 408 || status == 425 || status == 429 || status >= 500
        if isTransient { fault.retryAfterSeconds = retryAfter.flatMap { ChatFailure.seconds($0, .now) } }
        return StepFailure(fault, isTransient ? .transient : .permanent)
    }

    // MARK: Reading

    private func read(_ stream: ClientStream, _ id: Int) async throws(Fault) -> Result<Reply, StepFailure> {
        let type = MCPSession.mediaType(stream)
        guard type == "text/event-stream" else {
            let what = "status \(stream.status) and \(type)"
            // Whatever else a page of another kind may be, it is read no further.
            let mayBeJSON = type == "application/json" || type.hasSuffix("+json") || type == MCPSession.noMediaType
            guard mayBeJSON else { return .failure(broken("\(what), which is no answer of MCP")) }
            let body = try await stream.collect()
            guard let value = try? JSONValue(parsing: body) else { return .failure(broken("\(what), which holds no JSON")) }
            return outcome(MCPMessage.all(value), id)
                ?? .failure(broken("\(what), which holds no JSON-RPC answer to the request"))
        }
        var parser = EventStreamParser()
        var replies = 0
        while let piece = try await stream.next() {
            if let outcome = try await outcome(parser.feed(piece), id, &replies) { return outcome }
        }
        if let last = parser.finish(), let outcome = try await outcome([last], id, &replies) { return outcome }
        return .failure(broken("a stream without an answer"))
    }

    private static let noMediaType = "no content type"

    /// What the body is said to be, without parameters.
    private static func mediaType(_ stream: ClientStream) -> String {
        let text = stream.headers.text(of: .contentType)?.prefix { $0 != ";" && $0 != "," }.lowercased() ?? ""
        let type = text.trimmed
        return type.isEmpty ? noMediaType : type.cut(bytes: 100).storable
    }

    private func broken(_ what: String) -> StepFailure {
        StepFailure(Fault(.outboundFailed, "The MCP server \(url.hostname) sent \(what)."), .transient)
    }

    /// What the events say about request `id`; `nil` when they say nothing about it. What the server asks meanwhile is answered.
    private func outcome(
        _ events: [ServerEvent], _ id: Int, _ replies: inout Int
    ) async throws(Fault) -> Result<Reply, StepFailure>? {
        for event in events where !event.data.isEmpty && (event.name.isEmpty || event.name == "message") {
            guard let value = try? JSONValue(parsing: event.data) else { return .failure(broken("an event that is no JSON")) }
            let messages = MCPMessage.all(value)
            if let outcome = outcome(messages, id) { return outcome }
            for case .request(let number, let method) in messages {
                replies += 1
                guard replies <= MCPSession.replyLimit else { return .failure(broken("too many requests of its own")) }
                _ = try await client.send(message(MCPMessage.reply(to: number, method)))
            }
        }
        return nil
    }

    private func outcome(_ messages: [MCPMessage], _ id: Int) -> Result<Reply, StepFailure>? {
        for message in messages {
            switch message {
            case .result(let number, let value) where number == id: return .success(.result(value))
            case .failure(let number, let code, let text) where number == id || number == nil:
                let words = "The MCP server \(url.hostname) refuses (\(code)): \(text.cut(bytes: 300).storable)"
                return .failure(StepFailure(Fault(.outboundFailed, words), .permanent))
            default: continue
            }
        }
        return nil
    }
}
