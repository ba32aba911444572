// What operations may know of the request they run for: its name, where it came from, and which state of a resource it was made for.

/// A request, as far as operations are concerned.
public protocol RequestContext: AnyObject, Sendable {
    /// The id in the log, in the answer and in the audit log.
    var requestIDText: String { get }
    /// The caller's address, as text; `nil` when nobody called from outside.
    var addressText: String? { get }
    /// The caller's `User-Agent`, cut to 200 characters.
    var userAgentText: String? { get }
    /// The revisions of which the resource has to have one (RFC 9110, `If-Match`); `nil` when any will do.
    var acceptedRevisions: [Int]? { get }
}

/// What the server does by itself or from the command line.
public final class InternalRequest: RequestContext {
    public static let shared = InternalRequest()

    private init() {}

    public var requestIDText: String { "internal" }
    public var addressText: String? { nil }
    public var userAgentText: String? { nil }
    public var acceptedRevisions: [Int]? { nil }
}
