// What one loop keeps of credentials that were verified a moment ago, by a keyed name, so that neither a token nor a secret lies in it.
// A pure state: time and news come from outside. It forgets in two generations, the older half at once.
// Bounds: `capacity` credentials; `Revocations.kept` pieces of news, and who has missed more of them is verified anew.

import Base
import Crypto
import HTTP
import Tenancy

/// A credential that was found good.
public final class VerifiedCredential {
    /// What it opens.
    public let scope: TenantScope
    /// When its verification began: news from before are in its result.
    let verifiedAt: Instant
    /// How long it may be kept at most.
    let until: Instant
    /// From where it may be used; everywhere when empty.
    let allowedAddresses: [AddressBlock]
    /// The number of the last piece of news that is known not to concern it.
    var checkedTo: UInt64
    /// When its use was last written down.
    var notedAt: Instant?

    public init(
        scope: TenantScope, verifiedAt: Instant, until: Instant, allowedAddresses: [AddressBlock] = [], checkedTo: UInt64
    ) {
        self.scope = scope
        self.verifiedAt = verifiedAt
        self.until = until
        self.allowedAddresses = allowedAddresses
        self.checkedTo = checkedTo
    }

    /// Whether it may be used from `address`.
    func isAllowed(from address: @autoclosure () -> IPAddress?) -> Bool {
        if allowedAddresses.isEmpty { return true }
        guard let address = address() else { return false }
        return allowedAddresses.contains { $0.contains(address) }
    }
}

/// Verified credentials by name. Used on one loop.
public struct CredentialCache {
    /// How many are kept.
    public static let capacity = 16_384
    /// How long one is kept while nobody can say whether news arrive.
    static let blindMilliseconds = 500

    private var young: [SipHash.Code: VerifiedCredential] = [:]
    private var old: [SipHash.Code: VerifiedCredential] = [:]
    /// The last pieces of news, by their numbers modulo the count.
    private var news = [Revocation](repeating: .everything, count: Revocations.kept)
    /// The number of the last piece of news that is here.
    public private(set) var sequence: UInt64 = 0

    public init() {}

    /// How many credentials are kept.
    public var count: Int { young.count + old.count }

    /// The credential of that name, if it still holds.
    /// - Parameters:
    ///   - now: the present moment.
    ///   - isHearing: whether all news of before the last second are known to have arrived.
    public mutating func find(_ name: SipHash.Code, now: Instant, isHearing: Bool) -> VerifiedCredential? {
        if let known = young[name] {
            if holds(known, now, isHearing) { return known }
            young[name] = nil
            return nil
        }
        guard let known = old.removeValue(forKey: name), holds(known, now, isHearing) else { return nil }
        keep(known, name)
        return known
    }

    /// Keeps a credential.
    public mutating func keep(_ credential: VerifiedCredential, _ name: SipHash.Code) {
        if young.count >= CredentialCache.capacity / 2 {
            old = young
            young = [:]
        }
        young[name] = credential
    }

    /// Takes news, the last of which has the number `last`; `nil` when some were missed.
    mutating func take(_ fresh: [Revocation]?, to last: UInt64) {
        guard let fresh, fresh.count < Revocations.kept else {
            young = [:]
            old = [:]
            sequence = last
            return
        }
        for (offset, revocation) in fresh.enumerated() {
            news[Int((last &- UInt64(fresh.count - 1 - offset)) % UInt64(Revocations.kept))] = revocation
        }
        sequence = last
    }

    private func holds(_ known: VerifiedCredential, _ now: Instant, _ isHearing: Bool) -> Bool {
        guard now < known.until, isHearing || now < known.verifiedAt.advanced(milliseconds: CredentialCache.blindMilliseconds)
        else { return false }
        return known.checkedTo == sequence || isUnconcerned(known)
    }

    /// Whether no news since it was last asked for concern it.
    private func isUnconcerned(_ known: VerifiedCredential) -> Bool {
        guard sequence > known.checkedTo, sequence - known.checkedTo < UInt64(Revocations.kept) else { return false }
        for number in known.checkedTo + 1...sequence where news[Int(number % UInt64(Revocations.kept))].concerns(known.scope) {
            return false
        }
        known.checkedTo = sequence
        return true
    }
}
