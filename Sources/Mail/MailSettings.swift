// What an operator says about mail, read at start: who it comes from, under which host, and which server takes it. A wrong value stops the
// start and is named.

import Base
import HTTP
import Loop

/// The settings of all mail of an installation.
public struct MailSettings: Sendable {
    /// The folder below the data folder where mail goes when no server takes it.
    public static let folder = "mail"

    public let sender: MailSender
    /// The public host of this server, as mail and SMTP name it.
    public let host: WebHost
    /// The server that takes our mail, if there is one.
    public let endpoint: SMTPEndpoint?

    public init(sender: MailSender, host: WebHost, endpoint: SMTPEndpoint? = nil) {
        self.sender = sender
        self.host = host
        self.endpoint = endpoint
    }

    /// - Parameters:
    ///   - publicURL: where people reach this server.
    ///   - sender: what `INSULA_MAIL_FROM` says.
    ///   - smtpURL: what `INSULA_SMTP_URL` says.
    /// - Throws: `.invalid` naming the variable that is malformed.
    public init(publicURL: WebURL, sender: String, smtpURL: Secret?) throws(Fault) {
        guard let sender = MailSender(sender) else {
            throw .invalid(
                "INSULA_MAIL_FROM", "format", "INSULA_MAIL_FROM is an address such as insula@example.com, or Name <address>.")
        }
        let endpoint: SMTPEndpoint?
        if let smtpURL { endpoint = try SMTPEndpoint(url: smtpURL) } else { endpoint = nil }
        self.init(sender: sender, host: publicURL.host ?? .domain("localhost"), endpoint: endpoint)
    }

    /// The way that mail leaves.
    /// - Parameters:
    ///   - names: takes look-ups of names.
    ///   - pool: takes what writes files.
    public func transport(dataFolder: String, names: BlockingPool, pool: BlockingPool) -> MailTransport {
        if let endpoint { return .smtp(SMTPClient(endpoint, host: host, names: names)) }
        return .folder(MailFolder(path: "\(dataFolder)/\(MailSettings.folder)", pool: pool))
    }
}
