// Where a list goes on: the id behind which the next page begins, signed for the tenant and for the very query it came from, so that
// a cursor works nowhere else and can't be made up.

import Base
import Crypto
import Tenancy

enum Cursor {
    private static let signatureBytes = 16

    /// Whom cursors are for: a tenant or an operator, with what signs them.
    struct Holder {
        let id: UUIDBits
        let signingKey: Secret

        init(_ scope: TenantScope) {
            id = scope.tenant.uuid
            signingKey = scope.signingKey
        }

        init(_ permit: OperatorPermit) {
            id = permit.operator.uuid
            signingKey = permit.signingKey
        }
    }

    /// The text that stands for `position` in the list that `query` names.
    static func seal(_ position: UUIDBits, query: String, for scope: Holder) -> String {
        seal(spell(position), query: query, for: scope)
    }

    /// The same for a position that is no id.
    static func seal(_ bytes: [UInt8], query: String, for scope: Holder) -> String {
        Base64.url.encode(bytes + signature(bytes, query, scope))
    }

    /// The position that a cursor stands for.
    /// - Throws: `.invalid` naming `cursor` when it is not one of this tenant or operator and query.
    static func open(_ text: String, query: String, for scope: Holder) throws(Fault) -> UUIDBits {
        let all: [UInt8] = try open(text, query: query, for: scope)
        guard all.count == 16 else { throw unknown }
        var words: (UInt64, UInt64) = (0, 0)
        for at in 0..<8 {
            words.0 = words.0 << 8 | UInt64(all[at])
            words.1 = words.1 << 8 | UInt64(all[at + 8])
        }
        return UUIDBits(high: words.0, low: words.1)
    }

    /// The same for a position that is no id.
    static func open(_ text: String, query: String, for scope: Holder) throws(Fault) -> [UInt8] {
        guard let all = Base64.url.decode(text), all.count > signatureBytes,
            constantTimeEqual(
                Array(all.suffix(signatureBytes)), signature(Array(all.dropLast(signatureBytes)), query, scope))
        else { throw unknown }
        return Array(all.dropLast(signatureBytes))
    }

    private static let unknown = Fault.invalid("cursor", "format", "This is no cursor of this list.")

    private static func signature(_ position: [UInt8], _ query: String, _ scope: Holder) -> [UInt8] {
        let message = Array("cursor\0".utf8) + spell(scope.id) + position + Array(query.utf8)
        return Array(HMAC.sha256.code(message, key: scope.signingKey).prefix(signatureBytes))
    }

    private static func spell(_ bits: UUIDBits) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: bits.high >> UInt64(56 - 8 * $0)) }
            + (0..<8).map { UInt8(truncatingIfNeeded: bits.low >> UInt64(56 - 8 * $0)) }
    }
}
