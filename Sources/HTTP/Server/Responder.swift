// What a server calls: one function that answers a request, one that words a refusal. Nothing of HTTP's framing reaches them.

import Base

/// Answers requests. Called on the loop of the connection; many calls may be under way on one loop.
public protocol Responder: Sendable {
    /// Answers the request of `exchange`, exactly once, by `respond` or `stream`.
    func respond(to exchange: Exchange) async

    /// Words the answer to a request that never reached `respond`: malformed, too large, too slow, or one too many.
    func refuse(_ fault: Fault, on exchange: Exchange)
}
