// The content of a mail at rest: each of its parts sealed for its own row and its own column, so that none can be moved to another.

import Base
import Crypto

/// Seals and opens the content of mail.
struct MailSeal: Sendable {
    /// The parts of a mail as the columns hold them.
    struct Content: Sendable {
        let recipient: [UInt8]
        let subject: [UInt8]
        let body: [UInt8]
    }

    let key: SealingKey

    func close(_ message: MailMessage, _ tenant: TenantID, _ id: MailID) -> Content {
        func seal(_ text: String, _ column: String) -> [UInt8] {
            key.seal(Array(text.utf8), binding: MailSeal.binding(column, tenant, id))
        }
        return Content(
            recipient: seal(message.recipient.description, "recipient"), subject: seal(message.subject, "subject"),
            body: seal(message.text, "body"))
    }

    /// - Throws: `.internalError` when a part was sealed under another key or for another place.
    func open(_ content: Content, _ tenant: TenantID, _ id: MailID) throws(Fault) -> MailMessage {
        func open(_ sealed: [UInt8], _ column: String) throws(Fault) -> String {
            let plain = try key.open(sealed, binding: MailSeal.binding(column, tenant, id))
            return unsafe plain.withBytes { unsafe String(decoding: $0, as: UTF8.self) }
        }
        guard let recipient = MailAddress(try open(content.recipient, "recipient")) else {
            throw Fault(.internalError, "A stored mail could not be read.", cause: "its recipient is no address")
        }
        return try MailMessage(
            to: recipient, subject: open(content.subject, "subject"), text: open(content.body, "body"))
    }

    /// No column and no id holds a space: no two places have one binding.
    private static func binding(_ column: String, _ tenant: TenantID, _ id: MailID) -> [UInt8] {
        Array("mail \(column) \(tenant) \(id)".utf8)
    }
}
