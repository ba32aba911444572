// The two ways that mail leaves: an SMTP server, or a folder where none is configured.

import Base

/// How mail is delivered.
public enum MailTransport: Sendable {
    case smtp(SMTPClient)
    case folder(MailFolder)

    /// Delivers `mail`, on the calling task's loop. When it returns the mail is out of our hands.
    func deliver(_ mail: RenderedMail) async throws(DeliveryFailure) {
        switch self {
        case .smtp(let client): try await client.deliver(mail)
        case .folder(let folder): try await folder.deliver(mail)
        }
    }
}
