// What another server answered, with its body whole.

import Base

/// The answer to a `ClientRequest`.
public struct ClientResponse: Sendable {
    /// 200 to 599.
    public let status: Int
    /// The fields as they were received.
    public let headers: HeaderFields
    /// The body; at most the request's limit.
    public let body: [UInt8]
    /// Where the answer came from, after all redirects.
    public let url: WebURL
    /// How many redirects were followed.
    public let redirectCount: Int
    /// Whether the body was cut at the limit.
    public let isTruncated: Bool
    /// How long what took.
    public let timings: ClientTimings
}
