// What is kept of verified credentials, and when it is forgotten: by time, by news, by want of news, and for room.

import Base
import Crypto
import HTTP
import Tenancy
import Testing

@testable import Identity

@Suite struct CredentialCacheTests {
    private let names = SipHash()
    private let start = Instant(nanoseconds: 1_000_000_000_000)

    private func scope(_ actor: TenantScope.Actor = .key(.make()), tenant: TenantID = .make()) -> TenantScope {
        TenantScope(tenant: tenant, actor: actor, rights: .none, signingKey: Secret([1]))
    }

    private func credential(_ scope: TenantScope, at sequence: UInt64 = 0, for milliseconds: Int = 60_000) -> VerifiedCredential {
        VerifiedCredential(
            scope: scope, verifiedAt: start, until: start.advanced(milliseconds: milliseconds), checkedTo: sequence)
    }

    private func name(_ text: String) -> SipHash.Code { names.code(Array(text.utf8)) }

    @Test func `a credential is kept until it ends, and half a second when nothing is heard`() {
        var cache = CredentialCache()
        cache.keep(credential(scope()), name("a"))
        #expect(cache.find(name("a"), now: start.advanced(milliseconds: 59_999), isHearing: true) != nil)
        #expect(cache.find(name("b"), now: start, isHearing: true) == nil)
        #expect(cache.find(name("a"), now: start.advanced(milliseconds: 60_000), isHearing: true) == nil)
        #expect(cache.count == 0)
        cache.keep(credential(scope()), name("a"))
        #expect(cache.find(name("a"), now: start.advanced(milliseconds: 499), isHearing: false) != nil)
        #expect(cache.find(name("a"), now: start.advanced(milliseconds: 500), isHearing: false) == nil)
    }

    @Test func `news make forgotten whom they concern, and nobody else`() {
        let (tenant, user, session, key) = (TenantID.make(), UserID.make(), SessionID.make(), KeyID.make())
        let impersonated = TenantScope(
            tenant: tenant, actor: .user(.make(), .make()), rights: .none, signingKey: Secret([1]), impersonator: .user(user))
        let all: [(String, TenantScope)] = [
            ("user", scope(.user(user, session), tenant: tenant)), ("other session", scope(.user(user, .make()), tenant: tenant)),
            ("key", scope(.key(key), tenant: tenant)), ("impersonated", impersonated), ("stranger", scope()),
        ]
        let expected: [(Revocation, Set<String>)] = [
            (.tenant(tenant), ["stranger"]), (.user(user), ["key", "stranger"]),
            (.session(session), ["other session", "key", "impersonated", "stranger"]),
            (.key(key), ["user", "other session", "impersonated", "stranger"]), (.everything, []),
            (.tenant(.make()), Set(all.map(\.0))), (.user(.make()), Set(all.map(\.0))),
        ]
        for (revocation, remaining) in expected {
            var cache = CredentialCache()
            for (text, scope) in all { cache.keep(credential(scope), name(text)) }
            cache.take([.session(.make()), revocation, .key(.make())], to: 3)
            let found = all.filter { cache.find(name($0.0), now: start, isHearing: true) != nil }.map(\.0)
            #expect(Set(found) == remaining, "\(revocation)")
        }
    }

    @Test func `what was verified while news came is looked at with them, and what came before does not count`() {
        let user = UserID.make()
        var cache = CredentialCache()
        cache.take([.user(user)], to: 1)
        // Verified from the first piece of news on: known to hold.
        cache.keep(credential(scope(.user(user, .make())), at: 1), name("after"))
        // Begun before it, kept after it.
        cache.keep(credential(scope(.user(user, .make())), at: 0), name("during"))
        #expect(cache.find(name("after"), now: start, isHearing: true) != nil)
        #expect(cache.find(name("during"), now: start, isHearing: true) == nil)
    }

    @Test func `who missed more news than are kept forgets everything`() {
        var cache = CredentialCache()
        cache.keep(credential(scope()), name("a"))
        cache.take(nil, to: 9_000)
        #expect(cache.count == 0 && cache.sequence == 9_000)
        cache.keep(credential(scope(), at: 9_000), name("a"))
        // Piece by piece the cache hears all of them, and still one that nobody asked for meanwhile is past knowing.
        for number in 1...UInt64(Revocations.kept) { cache.take([.key(.make())], to: 9_000 + number) }
        #expect(cache.find(name("a"), now: start, isHearing: true) == nil)
        cache.keep(credential(scope(), at: cache.sequence), name("b"))
        for _ in 1..<Revocations.kept { cache.take([.key(.make())], to: cache.sequence + 1) }
        #expect(cache.find(name("b"), now: start, isHearing: true) != nil)
    }

    @Test func `no more are kept than there is room for, and those in use stay`() {
        var cache = CredentialCache()
        cache.keep(credential(scope()), name("used"))
        for number in 0..<3 * CredentialCache.capacity {
            cache.keep(credential(scope()), name("\(number)"))
            #expect(cache.count <= CredentialCache.capacity)
            if number.isMultiple(of: 100) { #expect(cache.find(name("used"), now: start, isHearing: true) != nil) }
        }
        #expect(cache.find(name("0"), now: start, isHearing: true) == nil)
    }

    @Test func `revocations are numbered, and those that are no longer there are said to be missing`() {
        let revocations = Revocations()
        #expect(revocations.sequence == 0)
        let ids = (0..<Revocations.kept + 10).map { _ in KeyID.make() }
        for (number, id) in ids.enumerated() {
            revocations.append(.key(id))
            #expect(revocations.sequence == UInt64(number + 1))
            #expect(revocations.since(UInt64(number)).fresh == [.key(id)])
        }
        let last = UInt64(ids.count)
        #expect(revocations.since(last).fresh == [])
        #expect(revocations.since(last - 3).fresh == ids.suffix(3).map { .key($0) })
        #expect(revocations.since(last - UInt64(Revocations.kept)).fresh?.count == Revocations.kept)
        #expect(revocations.since(last - UInt64(Revocations.kept) - 1).fresh == nil)
        #expect(revocations.since(0).fresh == nil && revocations.since(0).last == last)
    }

    @Test func `a revocation travels as text, and one that nobody understands concerns everybody`() {
        let all: [Revocation] = [.tenant(.make()), .user(.make()), .session(.make()), .key(.make()), .everything]
        for revocation in all { #expect(Revocation(payload: revocation.payload) == revocation) }
        for text in ["", "x", "agent_00000000000000000000000001", "user_"] { #expect(Revocation(payload: text) == .everything) }
    }

    @Test func `a list of addresses holds for both versions of the protocol`() throws {
        let blocks = try ["192.0.2.0/24", "2001:db8::/32"].map { try #require(AddressBlock($0)) }
        let listed = VerifiedCredential(
            scope: scope(), verifiedAt: start, until: start, allowedAddresses: blocks, checkedTo: 0)
        for (text, isAllowed) in [
            ("192.0.2.1", true), ("192.0.3.1", false), ("2001:db8::1", true), ("2001:db9::1", false), ("::", false),
        ] {
            #expect(listed.isAllowed(from: IPAddress(text)) == isAllowed, "\(text)")
        }
        #expect(!listed.isAllowed(from: nil))
        #expect(credential(scope()).isAllowed(from: nil))
    }
}
