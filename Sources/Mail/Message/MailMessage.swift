// A mail as the product writes it: to one mailbox, a subject, plain text. What a subject must not hold is taken out here, so that it may
// carry the names that tenants give themselves.
// Bounds: `subjectByteLimit` and `textByteLimit`.

import Base

/// A mail to one recipient.
public struct MailMessage: Sendable, Equatable {
    /// The most bytes of a subject, in UTF-8. What is longer is cut.
    public static let subjectByteLimit = HeaderText.byteLimit
    /// The most bytes of a text, in UTF-8.
    public static let textByteLimit = 64 << 10

    public let recipient: MailAddress
    /// One line.
    public let subject: String
    /// Lines that end in a line feed.
    public let text: String

    /// - Parameters:
    ///   - recipient: the one mailbox that gets it.
    ///   - subject: control characters, line ends among them, become spaces; what is too long is cut.
    ///   - text: plain text of any characters; line ends of any kind.
    /// - Throws: `.contentTooLarge` when the text has more than `textByteLimit` bytes.
    public init(to recipient: MailAddress, subject: String, text: String) throws(Fault) {
        guard text.utf8.count <= MailMessage.textByteLimit else {
            throw Fault(.contentTooLarge, "The text of a mail has at most \(MailMessage.textByteLimit) bytes.")
        }
        self.recipient = recipient
        self.subject = HeaderText.clean(subject)
        self.text = text
    }
}
