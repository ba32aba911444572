// A mail as it travels (RFC 5322, RFC 2045): header and body as bytes, and the envelope around it. It depends on nothing but the mail, its
// id and its date, so that every attempt to deliver it sends the same bytes and the same Message-ID.

import Base
import HTTP

/// A mail ready to be handed over.
public struct RenderedMail: Sendable {
    public let id: MailID
    public let sender: MailAddress
    public let recipient: MailAddress
    /// Seven-bit lines of at most 998 characters that end in CRLF.
    public let content: [UInt8]

    /// - Parameters:
    ///   - id: goes into the Message-ID.
    ///   - host: the public host of this server: a name, or an address as URLs spell it. The right side of the Message-ID.
    ///   - date: when the mail was written, not when it is sent.
    public init(_ message: MailMessage, id: MailID, from sender: MailSender, host: String, date: Timestamp) {
        self.id = id
        self.sender = sender.address
        recipient = message.recipient
        let from =
            sender.name.isEmpty ? "\(sender.address)" : "\(HeaderText.phrase(sender.name))\r\n <\(sender.address)>"
        let seconds = date.microseconds / 1_000_000
        let header = [
            // RFC 5322 wants a number where HTTP has the name of the zone.
            "Date: \(HTTPDate.text(seconds: seconds).dropLast(3))+0000",
            "From: \(from)",
            "To: \(message.recipient)",
            "Subject: \(HeaderText.unstructured(message.subject))",
            "Message-ID: <\(id)@\(host)>",
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: quoted-printable",
            // No answer of an absent person, and no bounce of a bounce (RFC 3834, section 5).
            "Auto-Submitted: auto-generated",
            "", "",
        ]
        content = Array(header.joined(separator: "\r\n").utf8) + QuotedPrintable.encode(message.text)
    }
}
