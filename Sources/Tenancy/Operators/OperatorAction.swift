// What operators do, by the names it has in their log. A new act is a case here.

import Base
import JSON
import Postgres

/// An act of an operator. The raw value is stable.
public enum OperatorAction: String, Sendable, CaseIterable {
    case operatorCreated = "operator.created"
    case operatorRevoked = "operator.revoked"
    case tenantCreated = "tenant.created"
    case tenantUpdated = "tenant.updated"
    case tenantSuspended = "tenant.suspended"
    case tenantResumed = "tenant.resumed"
    case tenantDeletionRequested = "tenant.deletion_requested"
    case tenantRestored = "tenant.restored"
    case tenantExported = "tenant.exported"
    /// By the server itself, when the time has come.
    case tenantRemoved = "tenant.removed"
    case userImpersonated = "user.impersonated"
    case signupCodeCreated = "signup_code.created"
    case signupCodeRevoked = "signup_code.revoked"
    case signingKeysRotated = "signing_keys.rotated"

    /// Writes a line of the operators' log, in the transaction that does what it says.
    static let write = Statement<Void, String, OperatorID?, TenantID?, UUIDBits?, String?, String, JSONBytes>(
        "write operators' log",
        """
        INSERT INTO operator_log (id, at, action, operator_id, about_tenant, target_id, address, request_id, details)
        VALUES (insula_uuid7(), clock_timestamp(), $1, $2, $3, $4, $5::text::inet, left($6, 64), $7)
        """)
}

extension OperatorPermit {
    /// Writes down what the operator does, within a session in the operators' role.
    public func log(
        _ action: OperatorAction, tenant: TenantID? = nil, target: UUIDBits? = nil, details: JSONObject = JSONObject(),
        in session: Session
    ) async throws(Fault) {
        try await session.execute(
            OperatorAction.write, action.rawValue, self.operator, tenant, target, request.addressText, request.requestIDText,
            JSONBytes(JSONValue.object(details).bytes))
    }
}
