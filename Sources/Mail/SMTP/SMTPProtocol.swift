// The client's side of SMTP for one mail, without a socket: replies in, commands out. RFC 5321, STARTTLS by RFC 3207, AUTH by RFC 4954.
// Nothing that came before TLS is believed after it; a password is given to nobody without TLS; what a server says without being asked
// ends the conversation. A 4yz and whatever breaks is worth another attempt; a 5yz to the mail itself is final.
// Bounds: those of `SMTPReplyParser`; each stage is gone through once.

import Base
import Crypto

/// One conversation that hands over one mail.
struct SMTPProtocol {
    /// What the shell does next. Whatever is sent, the next thing is to read, unless it says otherwise.
    enum Action: Equatable {
        /// Read more and hand it in.
        case read
        case send([UInt8])
        /// Become TLS, verify the certificate, and call `secured`.
        case startTLS
        /// The mail was taken over by the server. Say goodbye, and whatever follows changes nothing.
        case delivered(goodbye: [UInt8])
    }

    /// What the reply that is waited for answers.
    enum Stage: String {
        case greeting
        case hello = "EHLO"
        case startTLS = "STARTTLS"
        case handshake = "TLS"
        case authentication = "AUTH"
        case sender = "MAIL"
        case recipient = "RCPT"
        case data = "DATA"
        case content
        case over

        /// How long the reply may take; section 4.5.3.2 of RFC 5321 has more patience, and a lease has less.
        var replyMilliseconds: Int {
            switch self {
            case .content: 300_000
            case .handshake: 30_000
            default: 60_000
            }
        }
    }

    static let goodbye = Array("QUIT\r\n".utf8)
    /// The most bytes of a command with its end (RFC 5321, section 4.5.3.1.4).
    static let commandByteLimit = 512

    private let mail: RenderedMail
    private let security: SMTPEndpoint.Security
    private let credentials: SMTPEndpoint.Credentials?
    private let clientName: String
    private(set) var stage = Stage.greeting
    private var isSecure: Bool
    private var parser = SMTPReplyParser()
    /// What the server asks for in AUTH, next first.
    private var secrets: [Secret] = []

    /// - Parameters:
    ///   - clientName: who we are: a name, or an address literal (RFC 5321, section 4.1.3).
    ///   - security: `.tls` when the first byte was under TLS already.
    init(
        _ mail: RenderedMail, clientName: String, security: SMTPEndpoint.Security, credentials: SMTPEndpoint.Credentials?
    ) {
        self.mail = mail
        self.clientName = clientName
        self.security = security
        self.credentials = credentials
        isSecure = security == .tls
    }

    /// Takes bytes of the server.
    mutating func received(_ bytes: [UInt8]) throws(DeliveryFailure) -> Action {
        let reply: SMTPReply?
        do throws(SMTPReplyParser.Malformed) {
            reply = try parser.take(bytes)
        } catch {
            switch error {
            case .tooLong: throw failure("a reply that is too long")
            case .noReply: throw failure("what came is no reply")
            case .unasked: throw failure("the server spoke without being asked")
            }
        }
        guard let reply else { return .read }
        return try answer(reply)
    }

    /// TLS is there and the certificate is right. All that was learned before is forgotten.
    mutating func secured() -> Action {
        precondition(stage == .handshake, "TLS begins when the protocol says so")
        isSecure = true
        parser = SMTPReplyParser()
        return hello()
    }

    // MARK: Stages

    private mutating func answer(_ reply: SMTPReply) throws(DeliveryFailure) -> Action {
        if reply.code == 421 { throw failure("421") }
        switch stage {
        case .greeting:
            try expect(reply, 220)
            return hello()
        case .hello:
            try expect(reply, 250)
            return try helloAnswered(reply)
        case .startTLS:
            try expect(reply, 220)
            stage = .handshake
            return .startTLS
        case .authentication: return try authenticationAnswered(reply)
        case .sender:
            // Who may send from where is a matter between the operator and the server: the mail waits until it is settled.
            guard reply.isPositive else { throw failure(reply.summary) }
            return command(.recipient, "RCPT TO:<\(mail.recipient)>")
        case .recipient:
            try accept(reply)
            return command(.data, "DATA")
        case .data:
            guard reply.code == 354 else { throw refused(reply) }
            stage = .content
            return .send(SMTPProtocol.stuffed(mail.content))
        case .content:
            try accept(reply)
            stage = .over
            return .delivered(goodbye: SMTPProtocol.goodbye)
        case .handshake, .over: throw failure("the server spoke without being asked")
        }
    }

    private mutating func hello() -> Action {
        command(.hello, "EHLO \(clientName)")
    }

    private mutating func helloAnswered(_ reply: SMTPReply) throws(DeliveryFailure) -> Action {
        // The first line is the server's name.
        let offers = reply.lines.dropFirst().map { $0.uppercased().split(separator: " ") }
        if security == .startTLS && !isSecure {
            guard offers.contains(where: { $0.first == "STARTTLS" }) else { throw failure("the server offers no STARTTLS") }
            return command(.startTLS, "STARTTLS")
        }
        guard let credentials else { return command(.sender, "MAIL FROM:<\(mail.sender)>") }
        guard isSecure else { throw failure("a password is never sent without TLS") }
        let mechanisms = offers.filter { $0.first == "AUTH" }.flatMap { $0.dropFirst() }
        if mechanisms.contains("PLAIN") {
            // RFC 4616: nobody to act for, who it is, the password.
            let response = credentials.password.withSpan { password in
                Secret([0] + Array(credentials.user.utf8) + [0] + password.indices.map { password[$0] })
            }
            let line = "AUTH PLAIN \(SMTPProtocol.base64(response))"
            if line.utf8.count + 2 <= SMTPProtocol.commandByteLimit { return command(.authentication, line) }
            secrets = [response]
            return command(.authentication, "AUTH PLAIN")
        }
        guard mechanisms.contains("LOGIN") else { throw failure("the server offers neither AUTH PLAIN nor AUTH LOGIN") }
        secrets = [Secret(credentials.user), credentials.password]
        return command(.authentication, "AUTH LOGIN")
    }

    private mutating func authenticationAnswered(_ reply: SMTPReply) throws(DeliveryFailure) -> Action {
        if reply.code == 334, !secrets.isEmpty {
            return command(.authentication, SMTPProtocol.base64(secrets.removeFirst()))
        }
        try expect(reply, 235)
        secrets = []
        return command(.sender, "MAIL FROM:<\(mail.sender)>")
    }

    private mutating func command(_ next: Stage, _ line: String) -> Action {
        stage = next
        return .send(Array("\(line)\r\n".utf8))
    }

    // MARK: Judging

    /// What comes before the mail concerns the server and not the mail: an operator can put it right, so that it is tried again.
    private func expect(_ reply: SMTPReply, _ code: Int) throws(DeliveryFailure) {
        guard reply.code == code else { throw failure(reply.summary) }
    }

    private func accept(_ reply: SMTPReply) throws(DeliveryFailure) {
        guard reply.isPositive else { throw refused(reply) }
    }

    private func refused(_ reply: SMTPReply) -> DeliveryFailure {
        DeliveryFailure("\(stage.rawValue): \(reply.summary)", isPermanent: reply.code >= 500)
    }

    func failure(_ what: String) -> DeliveryFailure {
        DeliveryFailure("\(stage.rawValue): \(what)")
    }

    // MARK: Bytes

    private static func base64(_ secret: Secret) -> String {
        Base64.standard.encode(secret.withSpan { bytes in bytes.indices.map { bytes[$0] } })
    }

    /// The content with a dot more where a line begins with one, and the line of a dot that ends it (RFC 5321, section 4.5.2).
    static func stuffed(_ content: [UInt8]) -> [UInt8] {
        let dot = UInt8(ascii: ".")
        var out: [UInt8] = []
        out.reserveCapacity(content.count + content.count / 64 + 5)
        var atLineStart = true
        for byte in content {
            if atLineStart && byte == dot { out.append(dot) }
            out.append(byte)
            atLineStart = byte == 0x0A
        }
        if !atLineStart { out += [0x0D, 0x0A] }
        return out + [dot, 0x0D, 0x0A]
    }
}
