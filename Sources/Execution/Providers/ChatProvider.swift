// Asks a model at any server that speaks chat completions. The server is the operator's choice, so its address is not judged; it is never
// left by a redirect. An answer is taken in the form it comes in, whatever was asked for: a stream, one document, an error in place of
// either. Bounds: `answerBytes`, `errorBytes`, the operator's time, those of the assembler.

import Base
import HTTP
import JSON

/// The server of models.
public struct ChatProvider: Sendable {
    /// The most bytes that are taken for one answer, framing included.
    static let answerBytes = 8 << 20
    /// The most bytes of an error that are looked at.
    static let errorBytes = 64 << 10

    public let settings: ChatSettings
    private let client: OutgoingClient

    /// - Parameter client: its guard lets through to the provider, such as one by `settings.rule()`.
    public init(_ settings: ChatSettings, client: OutgoingClient) {
        self.settings = settings
        self.client = client
    }

    /// Asks once. On a loop of the client's.
    /// - Parameters:
    ///   - idempotencyKey: the same for every repetition of the same question.
    ///   - timeoutMilliseconds: what is left; the operator's bound holds besides.
    /// - Throws: transient when another time may be better, with the wait that the provider asks for; else permanent.
    func ask(
        _ request: ChatRequest, idempotencyKey: String, timeoutMilliseconds: Int
    ) async throws(StepFailure) -> ChatAnswer {
        let result: Result<ChatAnswer, StepFailure>
        do throws(Fault) {
            let message = try message(request, idempotencyKey, timeoutMilliseconds)
            result = try await client.withResponse(to: message) {
                (stream) async throws(Fault) -> Result<ChatAnswer, StepFailure> in
                guard (200...299).contains(stream.status) else { return .failure(try await ChatProvider.failure(stream)) }
                return try await ChatProvider.read(stream)
            }
        } catch {
            throw StepFailure(error)
        }
        return try result.get()
    }

    /// Closes the connections that wait.
    public func stop() async {
        await client.stop()
    }

    private func message(
        _ request: ChatRequest, _ idempotencyKey: String, _ timeoutMilliseconds: Int
    ) throws(Fault) -> ClientRequest {
        guard let url = settings.baseURL.resolve("chat/completions") else {
            throw Fault(.internalError, "The provider has no address.")
        }
        var headers = [
            ClientHeader("content-type", "application/json"),
            ClientHeader("accept", settings.isStreaming ? "text/event-stream, application/json" : "application/json"),
            ClientHeader("idempotency-key", idempotencyKey),
        ]
        if let key = settings.key { headers.append(ClientHeader("authorization", secret: key, prefix: "Bearer ")) }
        let body = try request.body(model: settings.model, isStreaming: settings.isStreaming)
        var message = ClientRequest(.post, url, headers: headers, body: body)
        message.timeoutMilliseconds = max(1, min(timeoutMilliseconds, settings.timeoutSeconds * 1000))
        message.responseLimitBytes = ChatProvider.answerBytes
        message.maxRedirects = 0
        return message
    }

    // MARK: The answer

    private static func failure(_ stream: ClientStream) async throws(Fault) -> StepFailure {
        var body: [UInt8] = []
        while body.count < errorBytes, let piece = try await stream.next() { body += piece }
        return ChatFailure.answered(
            stream.status, body, retryAfter: stream.headers.text(of: .retryAfter), now: .now)
    }

    private static func read(_ stream: ClientStream) async throws(Fault) -> Result<ChatAnswer, StepFailure> {
        var reader = ChatReader()
        do throws(Fault) {
            while !reader.isDone, let piece = try await stream.next() {
                if let failure = reader.feed(piece) { return .failure(failure) }
            }
        } catch {
            // What was said to its end is an answer, however the connection ended.
            guard error.code == .outboundFailed, reader.isWhole else { throw error }
        }
        return reader.answer()
    }
}
