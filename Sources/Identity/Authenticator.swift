// From a credential to a scope: API keys, access tokens and cookies. What was verified is kept by the loop that did it, so that most
// requests ask nobody; a revocation anywhere reaches every loop of every node within a second, by a notification, and while it can't be
// known that notifications arrive, nothing is kept longer than half of that. One answer for every kind of failure.
// Bounds: those of `CredentialCache` a loop; `keptMilliseconds` for what nobody revokes.

import Base
import Crypto
import HTTP
import Loop
import Postgres
import Synchronization
import Tenancy

/// Checks credentials and makes scopes of them.
public final class Authenticator: Sendable {
    /// Where a credential stands in a request. What is good in one place is nothing in the other.
    public enum Place: Sendable {
        case header, cookie
    }

    static let keptMilliseconds = 300_000
    /// After a sign of life of the listening connection, news of before it are known to have arrived for that long.
    static let hearingMilliseconds = 900

    let database: Database
    let tokens: AccessTokens
    /// When credentials were last used.
    public let uses: CredentialUses
    private let caches: [LoopCache]
    private let revocations = Revocations()
    private let headerNames = SipHash()
    private let cookieNames = SipHash()
    /// Until when news are known to arrive, in nanoseconds of the monotonic clock.
    private let heardUntil = Atomic<UInt64>(0)

    // Each is used on the loop of its index alone.
    private final class LoopCache: @unchecked Sendable {
        var cache = CredentialCache()
    }

    public init(database: Database, loopCount: Int, tokens: AccessTokens) {
        self.database = database
        self.tokens = tokens
        uses = CredentialUses(database: database, loopCount: loopCount)
        caches = (0..<loopCount).map { _ in LoopCache() }
    }

    // MARK: News

    /// Lets this node verify anew whom it concerns: at once, or with the commit of the transaction that surrounds the task. The other
    /// nodes hear of it by `Revocation.tell`.
    public func forget(_ revocation: Revocation) {
        Database.afterCommit { [self] in revocations.append(revocation) }
    }

    /// What a notification says.
    public func received(_ payload: String) {
        revocations.append(Revocation(payload: payload))
    }

    /// News may have been missed up to now.
    public func missedNews() {
        revocations.append(.everything)
    }

    /// All news of before `moment` have arrived.
    public func hears(asOf moment: Instant) {
        heardUntil.max(moment.advanced(milliseconds: Authenticator.hearingMilliseconds).nanoseconds, ordering: .releasing)
    }

    /// Nothing is heard any more.
    public func isDeaf() {
        heardUntil.store(0, ordering: .releasing)
        revocations.append(.everything)
    }

    // MARK: Checking

    /// The scope of a credential that was verified a moment ago, without asking anybody; `nil` when it has to be verified.
    /// - Parameter address: where the request came from.
    /// - Throws: `.unauthenticated` when it may not be used from there.
    public func cached(
        _ text: Span<UInt8>, in place: Place = .header, from address: @autoclosure () -> IPAddress?
    ) throws(Fault) -> TenantScope? {
        let (here, now) = current()
        let isHearing = now.nanoseconds < heardUntil.load(ordering: .acquiring)
        guard let known = here.cache.find(name(text, place), now: now, isHearing: isHearing) else { return nil }
        guard known.isAllowed(from: address()) else { throw Authenticator.refusal }
        uses.note(known, now)
        return known.scope
    }

    /// The scope that a credential opens.
    /// - Throws: `.unauthenticated`, the same whatever is wrong with it; `.unavailable` when the database can't be asked.
    public func scope(
        _ text: [UInt8], in place: Place = .header, from address: @autoclosure () -> IPAddress?
    ) async throws(Fault) -> TenantScope {
        let (here, now) = current()
        // What comes while the database is asked may not be in its answer, and is looked at when it is next asked for.
        let checkedTo = here.cache.sequence
        guard let finding = try await verify(text, in: place) else { throw Authenticator.refusal }
        let kept = min(finding.remainingMilliseconds ?? .max, Authenticator.keptMilliseconds)
        let verified = VerifiedCredential(
            scope: finding.scope, verifiedAt: now, until: now.advanced(milliseconds: kept),
            allowedAddresses: finding.allowedAddresses, checkedTo: checkedTo)
        guard verified.isAllowed(from: address()) else { throw Authenticator.refusal }
        here.cache.keep(verified, name(text, place))
        uses.note(verified, now)
        return verified.scope
    }

    /// What is found about a credential, in the database itself; `nil` when it opens nothing.
    func verify(_ text: [UInt8], in place: Place) async throws(Fault) -> Finding? {
        switch place {
        case .cookie:
            guard let cookie = SessionCookie(text) else { return nil }
            return try await find(cookie)
        case .header:
            if let key = APIKeyText.id(in: text) { return try await find(key, hash: SHA256.digest(text)) }
            guard let claims = try await tokens.claims(of: text) else { return nil }
            return try await find(claims)
        }
    }

    /// The cache of this loop, with all news in it, and the present moment.
    private func current() -> (LoopCache, Instant) {
        guard let loop = EventLoop.current else { preconditionFailure("credentials are checked by tasks that live on a loop") }
        let here = caches[loop.index]
        if here.cache.sequence != revocations.sequence {
            let (fresh, last) = revocations.since(here.cache.sequence)
            here.cache.take(fresh, to: last)
        }
        return (here, Instant.now)
    }

    private func name(_ text: Span<UInt8>, _ place: Place) -> SipHash.Code {
        switch place {
        case .header: headerNames.code(text)
        case .cookie: cookieNames.code(text)
        }
    }

    private func name(_ text: [UInt8], _ place: Place) -> SipHash.Code { name(text.span, place) }

    /// The same for every kind of failure: what exists is nobody's business.
    static let refusal = Fault(.unauthenticated, "The credential is not valid.")
}
