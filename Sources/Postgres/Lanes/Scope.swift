// Whose rows a transaction may see: the settings that the row-level policies read. They are local to the transaction, so that the
// next one on the same connection starts with none. A scope is the only way to set them.

import Base

/// Whose rows a transaction sees.
public enum Scope: Sendable, Hashable {
    /// Nobody's: tables under a policy look empty.
    case none
    /// A tenant's, by `insula.tenant`.
    case tenant(TenantID)
    /// The row of one key or session, by `insula.credential`: how a credential is checked before its tenant is known.
    case credential(UUIDBits)
    /// A tenant's, and the row of one key.
    case tenantAndCredential(TenantID, KeyID)

    static let setTenant = Statement<Void, String>(
        "set tenant", "SELECT set_config('insula.tenant', $1, true)")
    static let setCredential = Statement<Void, String>(
        "set credential", "SELECT set_config('insula.credential', $1, true)")
    static let setTenantAndCredential = Statement<Void, String, String>(
        "set tenant and credential", "SELECT set_config('insula.tenant', $1, true), set_config('insula.credential', $2, true)")

    /// The statement that enters the scope, if it takes one.
    var statement: StatementIdentity? {
        switch self {
        case .none: nil
        case .tenant: Scope.tenantIdentity
        case .credential: Scope.credentialIdentity
        case .tenantAndCredential: Scope.tenantAndCredentialIdentity
        }
    }

    private static let tenantIdentity = setTenant.identity
    private static let credentialIdentity = setCredential.identity
    private static let tenantAndCredentialIdentity = setTenantAndCredential.identity

    static let identities = [tenantIdentity, credentialIdentity, tenantAndCredentialIdentity]

    /// Appends the statement's parameters: the hyphenated spelling, which is what a setting holds.
    func write(into buffer: ParameterBuffer) {
        switch self {
        case .none: break
        case .tenant(let tenant): Scope.append(tenant.uuid, to: buffer)
        case .credential(let id): Scope.append(id, to: buffer)
        case .tenantAndCredential(let tenant, let key):
            Scope.append(tenant.uuid, to: buffer)
            Scope.append(key.uuid, to: buffer)
        }
    }

    private static func append(_ uuid: UUIDBits, to buffer: ParameterBuffer) {
        var text = InlineArray<36, UInt8>(repeating: UInt8(ascii: "-"))
        var at = 0
        for nibble in 0..<32 {
            if nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20 { at += 1 }
            let word = nibble < 16 ? uuid.high : uuid.low
            text[at] = hexadecimalDigit(UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * (nibble & 15))) & 15)
            at += 1
        }
        let start = buffer.count
        unsafe text.span.withUnsafeBufferPointer { unsafe buffer.append($0) }
        buffer.endValue(from: start)
    }
}
