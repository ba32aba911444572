// What it means that a provider fails: by the status of its answer, or by the error that it puts where an answer should be. A conversation
// that is too long and a spent account fail the same way again; a busy server does not.

import Base
import HTTP
import JSON

/// How the failures of providers are told apart.
enum ChatFailure {
    /// The most bytes of a provider's own words that are passed on.
    private static let messageBytes = 300
    private static let longestWaitSeconds = 86_400

    /// An error that a provider reports inside an answer with a good status.
    static func reported(_ error: JSONValue) -> StepFailure {
        let status =
            error["code"]?.int ?? error["status"]?.int ?? error["status_code"]?.int ?? error["code"]?.string.flatMap { Int($0) }
        return failure(status: status ?? 0, error: error, retryAfterSeconds: nil)
    }

    /// An answer with a status of 300 and above.
    /// - Parameter now: for a `Retry-After` that is a date.
    static func answered(_ status: Int, _ body: [UInt8], retryAfter: String?, now: Timestamp) -> StepFailure {
        let value = try? JSONValue(parsing: body)
        // FastAPI calls it `detail`, others `message`; proxies answer in HTML, which is not passed on.
        let error = value?["error"] ?? value?["detail"] ?? value
        return failure(status: status, error: error ?? .null, retryAfterSeconds: retryAfter.flatMap { seconds($0, now) })
    }

    private static func failure(status: Int, error: JSONValue, retryAfterSeconds: Int?) -> StepFailure {
        let words = error.string ?? error["message"]?.string ?? ""
        let code = "\(error["code"]?.string ?? "") \(error["type"]?.string ?? "")".lowercased()
        let said = words.isEmpty ? "" : ": " + words.cut(bytes: messageBytes).storable
        if status == 413 || isTooLong(words.lowercased(), code) {
            return StepFailure(
                Fault(.contentTooLarge, "The conversation is longer than the model takes\(said)"), .permanent)
        }
        if status == 401 || status == 403 {
            // Its words may hold a part of the key.
            return StepFailure(
                Fault(.outboundFailed, "The provider refuses the key of this server (status \(status))."), .permanent)
        }
        if code.contains("insufficient_quota") || status == 402 {
            return StepFailure(Fault(.outboundFailed, "The account at the provider is used up\(said)"), .permanent)
        }
        let isLimited = status == 429 || code.contains("rate_limit")
        var fault = Fault(
            isLimited ? .rateLimited : .outboundFailed,
            isLimited
                ? "The provider takes no more requests now\(said)"
                : "The provider failed\(status > 0 ? " with status \(status)" : "")\(said)")
        fault.retryAfterSeconds = retryAfterSeconds
        let isTransient = isLimited || status == 408 || status == 409 || status == 425 || status >= 500 || isPassing(code, status)
        return StepFailure(fault, isTransient ? .transient : .permanent)
    }

    /// An error inside a stream often has no status: what does not blame the request is taken for a fault of the server's.
    private static func isPassing(_ code: String, _ status: Int) -> Bool {
        status == 0 && !code.contains("invalid") && !code.contains("not_found") && !code.contains("unsupported")
    }

    /// OpenAI has a code for it; llama.cpp, vLLM, Ollama and the proxies before them say it in words.
    private static func isTooLong(_ words: String, _ code: String) -> Bool {
        ["context_length", "exceed_context_size", "context_window"].contains { code.contains($0) }
            || [
                "maximum context length", "context size", "context window", "context length", "prompt is too long",
                "too many tokens",
            ]
            .contains { words.contains($0) }
    }

    /// A number of seconds, or a date (RFC 9110, section 10.2.3).
    static func seconds(_ text: String, _ now: Timestamp) -> Int? {
        if let seconds = Int(text) { return min(max(seconds, 0), longestWaitSeconds) }
        guard let date = moment(text) else { return nil }
        return min(max(Int((date.microseconds - now.microseconds + 999_999) / 1_000_000), 0), longestWaitSeconds)
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT`.
    private static func moment(_ text: String) -> Timestamp? {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", words[1].count == 2, let month = months.firstIndex(of: String(words[2])) else {
            return nil
        }
        let number = month + 1 < 10 ? "0\(month + 1)" : "\(month + 1)"
        return Timestamp(rfc3339: "\(words[3])-\(number)-\(words[1])T\(words[4])Z")
    }
}
