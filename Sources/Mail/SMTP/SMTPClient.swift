// Hands a mail to the operator's server: the shell that carries the actions of `SMTPProtocol` out on a socket. One connection a mail.
// Bounds: a deadline for each stage, and `conversationMilliseconds` for all of them together.

import Base
import HTTP
import Loop
import Synchronization

/// Delivers by SMTP.
public final class SMTPClient: Sendable {
    static let connectMilliseconds = 30_000
    /// The most that one mail takes, whatever its stages add up to.
    static let conversationMilliseconds = 600_000
    static let goodbyeMilliseconds = 5_000
    private static let readByteLimit = 4_096

    private let endpoint: SMTPEndpoint
    private let clientName: String
    private let names: BlockingPool
    private let trustFile: String?
    private let trust = Mutex<TLSContext?>(nil)
    /// Other deadlines than the usual, of tests.
    private let stageMilliseconds: Int?

    /// - Parameters:
    ///   - host: the public host of this server, with which it greets.
    ///   - names: takes look-ups of names and other work that blocks.
    ///   - trustFile: PEM certificates that are trusted instead of the system's.
    public convenience init(_ endpoint: SMTPEndpoint, host: WebHost, names: BlockingPool, trustFile: String? = nil) {
        self.init(endpoint, host: host, names: names, trustFile: trustFile, stageMilliseconds: nil)
    }

    init(_ endpoint: SMTPEndpoint, host: WebHost, names: BlockingPool, trustFile: String?, stageMilliseconds: Int?) {
        self.endpoint = endpoint
        clientName = SMTPClient.literal(host)
        self.names = names
        self.trustFile = trustFile
        self.stageMilliseconds = stageMilliseconds
    }

    /// How EHLO names a host (RFC 5321, section 4.1.3).
    private static func literal(_ host: WebHost) -> String {
        switch host {
        case .address(.v4(let bits)): "[\(IPAddress.v4(bits))]"
        case .address(let address): "[IPv6:\(address)]"
        default: host.description
        }
    }

    /// Hands `mail` over, on the calling task's loop. When it returns the server has taken it. A cancelled task gives up at once.
    public func deliver(_ mail: RenderedMail) async throws(DeliveryFailure) {
        guard let loop = EventLoop.current else { preconditionFailure("mail is sent by tasks that live on a loop") }
        let end = Instant.now.advanced(milliseconds: SMTPClient.conversationMilliseconds)
        let stream: ByteStream
        do throws(Fault) {
            let deadline = Instant.now.advanced(milliseconds: stageMilliseconds ?? SMTPClient.connectMilliseconds)
            stream = try await ByteStream.dial(endpoint.host, port: endpoint.port, on: loop, names: names, deadline: deadline)
        } catch {
            throw SMTPClient.failure("connect", error)
        }
        let outcome: Result<Void, DeliveryFailure> = await withTaskCancellationHandler {
            do throws(DeliveryFailure) {
                return .success(try await converse(mail, stream, end))
            } catch {
                return .failure(error)
            }
        } onCancel: {
            loop.spawn { stream.close() }
        }
        stream.close()
        try outcome.get()
    }

    private func converse(_ mail: RenderedMail, _ stream: ByteStream, _ end: Instant) async throws(DeliveryFailure) {
        var conversation = SMTPProtocol(
            mail, clientName: clientName, security: endpoint.security, credentials: endpoint.credentials)
        if endpoint.security == .tls { try await secure(stream, deadline(.handshake, end)) }
        var action = SMTPProtocol.Action.read
        while true {
            let stage = conversation.stage
            switch action {
            case .read:
                action = try await reply(stream, &conversation, deadline(stage, end))
            case .startTLS:
                try await secure(stream, deadline(stage, end))
                action = conversation.secured()
            case .send(let bytes):
                do throws(Fault) {
                    try await stream.write(bytes, deadline: deadline(stage, end))
                } catch {
                    throw SMTPClient.failure(stage.rawValue, error)
                }
                action = .read
            case .delivered(let goodbye):
                // The mail is theirs; how they say goodbye is of no interest.
                let limit = Instant.now.advanced(milliseconds: SMTPClient.goodbyeMilliseconds)
                if (try? await stream.write(goodbye, deadline: limit)) != nil {
                    _ = try? await stream.read(upTo: SMTPClient.readByteLimit, deadline: limit)
                }
                return
            }
        }
    }

    /// Reads until the reply is whole, all of it within one deadline.
    private func reply(
        _ stream: ByteStream, _ conversation: inout SMTPProtocol, _ deadline: Instant
    ) async throws(DeliveryFailure) -> SMTPProtocol.Action {
        while true {
            let bytes: [UInt8]
            do throws(Fault) {
                bytes = try await stream.read(upTo: SMTPClient.readByteLimit, deadline: deadline)
            } catch {
                throw SMTPClient.failure(conversation.stage.rawValue, error)
            }
            guard !bytes.isEmpty else { throw conversation.failure("the connection was closed") }
            do throws(DeliveryFailure) {
                let action = try conversation.received(bytes)
                if action != .read { return action }
            } catch {
                // Manners, where a reply was refused (RFC 5321, section 4.1.1.10).
                let limit = Instant.now.advanced(milliseconds: SMTPClient.goodbyeMilliseconds)
                _ = try? await stream.write(SMTPProtocol.goodbye, deadline: limit)
                throw error
            }
        }
    }

    private func secure(_ stream: ByteStream, _ deadline: Instant) async throws(DeliveryFailure) {
        do throws(Fault) {
            try await stream.secure(try await trusted(), connectingTo: endpoint.host, deadline: deadline)
        } catch {
            throw SMTPClient.failure(SMTPProtocol.Stage.handshake.rawValue, error)
        }
    }

    /// The context with the trusted certificates, which are read once, off the loops: there are many.
    private func trusted() async throws(Fault) -> TLSContext {
        if let context = trust.withLock({ $0 }) { return context }
        let context = try await names.run { [trustFile] () throws(Fault) in
            try TLSContext(trustFile: trustFile, offersHTTP: false)
        }
        trust.withLock { $0 = context }
        return context
    }

    private func deadline(_ stage: SMTPProtocol.Stage, _ end: Instant) -> Instant {
        min(end, Instant.now.advanced(milliseconds: stageMilliseconds ?? stage.replyMilliseconds))
    }

    private static func failure(_ stage: String, _ fault: Fault) -> DeliveryFailure {
        DeliveryFailure("\(stage): \(fault.message)")
    }
}
