// The operator's word about the provider: where it is, which model, what it takes, and how long an answer may take.

import Base
import HTTP
import JSON

/// Where models are asked.
public struct ChatSettings: Sendable {
    /// Where `/chat/completions` lies.
    public let baseURL: WebURL
    public let model: String
    let key: Secret?
    /// Dollars a million tokens, which is microdollars a token; `nil` when the operator does not say.
    public let inputPrice: Double?
    public let outputPrice: Double?
    /// The longest that one answer may take.
    public let timeoutSeconds: Int
    /// Whether answers are asked for as a stream.
    public let isStreaming: Bool

    /// The settings of the provider; `nil` when none is configured.
    /// - Throws: `.invalid` naming the setting that has not the form of a URL.
    public init?(_ configuration: Configuration) throws(Fault) {
        let given = configuration.llm
        guard let text = given.url else { return nil }
        guard let url = WebURL(text.hasSuffix("/") ? text : text + "/"), url.scheme == "http" || url.scheme == "https",
            !url.hasCredentials, url.query == nil, url.fragment == nil
        else {
            throw .invalid(
                "INSULA_LLM_URL", "format", "INSULA_LLM_URL is an http or https URL without user name, query and fragment.")
        }
        baseURL = url
        model = given.model
        key = given.key
        inputPrice = given.inputPrice
        outputPrice = given.outputPrice
        timeoutSeconds = given.timeoutSeconds
        isStreaming = given.isStreaming
    }

    /// What that many tokens cost, rounded up; `nil` when the operator does not say what they cost.
    public func microdollars(_ usage: ChatUsage) -> Int? {
        guard let inputPrice, let outputPrice else { return nil }
        let cost = Double(usage.inputTokens) * inputPrice + Double(usage.outputTokens) * outputPrice
        return Int(cost.rounded(.up))
    }

    /// The guard that lets a client through to the provider alone: the operator has named it, on whatever network it is.
    public func rule() throws(Fault) -> AddressGuard {
        let port = baseURL.effectivePort ?? 443
        return try AddressGuard(allowing: "0.0.0.0/0:\(port),[::/0]:\(port)")
    }
}
