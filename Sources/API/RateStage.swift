// The stage that counts: with a credential the tenant's bucket by its plan, then the credential's own bound; without one, or with a bad
// one, the address's. A request that one bucket refuses costs the others nothing. What it found is told on every answer.

import Base
import HTTP
import Loop
import RateLimiting
import Tenancy

/// What an answer tells about the tightest bucket that its request was counted in.
struct RateReport {
    /// The name of the policy, as structured fields spell it without quotes.
    let policy: StaticString
    let decision: RateDecision
    let quota: Int
    let windowSeconds: Int
}

/// Counts requests.
struct RateStage: Sendable {
    private let limiter: RateLimiter
    private let anonymous: Rate
    private let authentication: Rate

    /// - Parameters:
    ///   - anonymousPerMinute: requests of one address without a good credential.
    ///   - authenticationPerSecond: requests of one address that try a credential.
    init(_ limiter: RateLimiter, anonymousPerMinute: Int, authenticationPerSecond: Int) {
        self.limiter = limiter
        anonymous = Rate(perMinute: anonymousPerMinute)
        authentication = Rate(perSecond: authenticationPerSecond)
    }

    /// Counts a request that is to be served.
    /// - Throws: `.rateLimited` when a bucket is empty; `.unavailable` when this node may not spend anything now.
    func enter(_ call: Call, _ limit: LimitClass) throws(Fault) {
        if limit == .none { return }
        let now = Instant.now
        let tenant = try call.scope.map { scope throws(Fault) in try enterTenant(call, scope, now) } ?? nil
        var own: RateDecision?
        if let scope = call.scope, let bound = scope.requestsPerMinute {
            own = take(call, "credential", RateStage.key(scope.actor), Rate(perMinute: max(1, bound)), now)
        }
        if own?.isAdmitted ?? true, let (policy, kind, rate) = byAddress(call, limit) {
            let decision = take(call, policy, BucketKey(kind, call.bucketAddress), rate, now)
            if !decision.isAdmitted, let scope = call.scope, let own {
                limiter.giveBack(to: RateStage.key(scope.actor), own, takenAt: now)
            }
            own = decision
        }
        guard let own, !own.isAdmitted else { return }
        if let scope = call.scope, let tenant {
            limiter.giveBack(to: BucketKey(.tenant, scope.tenant.uuid), tenant, takenAt: now)
        }
        throw RateStage.refusal(own)
    }

    private func enterTenant(_ call: Call, _ scope: TenantScope, _ now: Instant) throws(Fault) -> RateDecision {
        let rate = Rate(perMinute: max(1, scope.quotas.requestsPerMinute))
        let decision = take(call, "tenant", BucketKey(.tenant, scope.tenant.uuid), rate, now)
        guard decision.isAdmitted else {
            throw RateStage.refusal(decision)
        }
        return decision
    }

    /// Which of an address's buckets a request is counted in, if in one.
    private func byAddress(_ call: Call, _ limit: LimitClass) -> (StaticString, BucketKey.Kind, Rate)? {
        switch limit {
        case .authentication: ("authentication", .authentication, authentication)
        case .anonymous where call.scope == nil: ("anonymous", .anonymous, anonymous)
        case .standard where call.scope == nil: ("anonymous", .anonymous, anonymous)
        case .none, .anonymous, .standard: nil
        }
    }

    /// Counts a request that came to nothing before it was known whose it is: no such path, no credential, a bad one.
    /// - Returns: what to answer: `fault`, or that there were too many of them.
    func failed(_ call: Call, _ fault: Fault) -> Fault {
        switch fault.code {
        case .unauthenticated, .malformed, .forbidden, .notFound, .methodNotAllowed: break
        default: return fault
        }
        let decision = take(call, "anonymous", BucketKey(.anonymous, call.bucketAddress), anonymous, .now)
        return decision.isAdmitted || decision.outcome == .suspended ? fault : RateStage.refusal(decision)
    }

    /// Counts an attempt to show a credential before it is looked at; `giveBack` when it was good.
    /// - Throws: `.rateLimited` when too many attempts of its address failed.
    func attempt(_ call: Call) throws(Fault) -> (RateDecision, Instant) {
        let now = Instant.now
        let decision = take(call, "anonymous", BucketKey(.anonymous, call.bucketAddress), anonymous, now)
        guard decision.isAdmitted else { throw RateStage.refusal(decision) }
        return (decision, now)
    }

    func giveBack(_ attempt: (RateDecision, Instant), _ call: Call) {
        limiter.giveBack(to: BucketKey(.anonymous, call.bucketAddress), attempt.0, takenAt: attempt.1)
    }

    private func take(_ call: Call, _ policy: StaticString, _ key: BucketKey, _ rate: Rate, _ now: Instant) -> RateDecision {
        let decision = limiter.take(from: key, rate, now: now)
        if decision.outcome != .suspended, call.rate.map({ decision.remaining <= $0.decision.remaining }) ?? true {
            call.rate = RateReport(policy: policy, decision: decision, quota: rate.quota, windowSeconds: rate.windowSeconds)
        }
        return decision
    }

    private static func key(_ actor: TenantScope.Actor) -> BucketKey {
        switch actor {
        case .key(let id): BucketKey(.credential, id.uuid)
        case .user(let id, _): BucketKey(.credential, id.uuid)
        }
    }

    private static func refusal(_ decision: RateDecision) -> Fault {
        if decision.outcome == .suspended {
            return Fault(.unavailable, "Requests can't be counted now. Try again shortly.", retryAfterSeconds: 1)
        }
        return Fault(.rateLimited, "There are too many requests.", retryAfterSeconds: max(1, decision.retryAfterSeconds))
    }
}

extension Call {
    /// The address that a request is counted for; one for all when the peer has none.
    var bucketAddress: IPAddress { address ?? .v4(0) }

    /// `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers, structured fields) and the older fields that most clients
    /// know, whose reset is a moment in seconds since 1970.
    func writeRate(_ head: inout [UInt8]) {
        guard let rate else { return }
        let remaining = rate.decision.remaining
        let seconds = rate.decision.fullAfterSeconds
        head.appendStatic("ratelimit-policy: \"")
        head.appendStatic(rate.policy)
        head.appendStatic("\";q=")
        head.appendDecimal(rate.quota)
        head.appendStatic(";w=")
        head.appendDecimal(rate.windowSeconds)
        head.appendStatic("\r\nratelimit: \"")
        head.appendStatic(rate.policy)
        head.appendStatic("\";r=")
        head.appendDecimal(remaining)
        head.appendStatic(";t=")
        head.appendDecimal(seconds)
        head.appendStatic("\r\nx-ratelimit-limit: ")
        head.appendDecimal(rate.quota)
        head.appendStatic("\r\nx-ratelimit-remaining: ")
        head.appendDecimal(remaining)
        head.appendStatic("\r\nx-ratelimit-reset: ")
        head.appendDecimal(Int(Timestamp.now.microseconds / 1_000_000) + seconds)
        head.appendLineEnd()
    }
}
