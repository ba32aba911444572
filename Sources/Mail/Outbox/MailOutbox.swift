// Mail on its way out: written into the transaction of the change that asks for it, sealed, with a notification that travels with the
// commit, so that it leaves at once and never without the change.

import Base
import Crypto
import Postgres

/// Takes mail to be sent.
public struct MailOutbox: Sendable {
    /// The channel of the notifications that mail is waiting; the payload is empty.
    public static let channel = "insula_mail"

    /// What is prepared when a lane connects.
    public static let statements: [any AnyStatement] = OutboxStatements.application

    let seal: MailSeal

    /// - Parameter sealing: what the content of a mail is sealed under until it is sent.
    public init(sealing: SealingKey) {
        seal = MailSeal(key: sealing)
    }

    /// Adds `message` to a batch that runs in the scope of `tenant`. It is sent once the batch is committed.
    /// - Returns: the id of the mail.
    @discardableResult public func enqueue<Runner: StatementRunner>(
        _ message: MailMessage, tenant: TenantID, into batch: inout Batch<Runner>
    ) -> MailID {
        let id = MailID.make()
        let content = seal.close(message, tenant, id)
        batch.add(OutboxStatements.enqueue, tenant, id, content.recipient, content.subject, content.body)
        return id
    }

    /// Writes `message` into the transaction of a session in the scope of `tenant`. It is sent once that is committed.
    /// - Returns: the id of the mail.
    @discardableResult public func enqueue(
        _ message: MailMessage, tenant: TenantID, in session: Session
    ) async throws(Fault) -> MailID {
        var batch = session.batch()
        let id = enqueue(message, tenant: tenant, into: &batch)
        _ = try await batch.run()
        return id
    }
}
