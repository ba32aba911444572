// The conversation over one WebSocket: who it is, what he wants to see, and the events. Whoever may not read events is told so and closed,
// at once or when his credential ends. What is wrong in a message is answered, and the socket stays open.
// Bounds: `subscriptionLimit` subscriptions; `authenticateMilliseconds` to say who it is; those of `WebSocketLimits`.

import Base
import HTTP
import Identity
import JSON
import Loop
import Tenancy

/// A client that watches over a WebSocket. Used on the loop of its connection.
final class EventSocket: WebSocketHandler, LongReader, @unchecked Sendable {
    static let subscriptionLimit = 16
    static let authenticateMilliseconds = 30_000

    private let services: LiveServices
    private let document = JSONDocument()
    private let address: IPAddress?
    private var credential: LiveCredential?
    private var tenant: TenantID?
    private var subscriptions: [String: EventSubscription] = [:]
    private var socket: WebSocketConnection?
    private var loop: EventLoop?
    private var deadline: Sleeper?

    /// - Parameter credential: whose the socket is, with his tenant; `nil` when he still has to say it.
    init(_ services: LiveServices, _ credential: (LiveCredential, TenantID)?, from address: IPAddress?) {
        self.services = services
        self.address = address
        self.credential = credential?.0
        tenant = credential?.1
    }

    func opened(_ socket: WebSocketConnection) async {
        self.socket = socket
        guard let loop = EventLoop.current else { preconditionFailure("sockets live on a loop") }
        self.loop = loop
        services.watch.add(self, on: loop)
        if tenant == nil {
            let sleeper = Sleeper(loop: loop)
            deadline = sleeper
            loop.spawn { [self] in
                await sleeper.wait(until: Instant.now.advanced(milliseconds: EventSocket.authenticateMilliseconds))
                if tenant == nil { socket.close(.policyViolation, "no credential was given in time") }
            }
        } else {
            say("ready")
        }
    }

    func ended(_ socket: WebSocketConnection) {
        if let tenant { for subscription in subscriptions.values { services.hub.unsubscribe(subscription, from: tenant) } }
        subscriptions = [:]
        if let loop { services.watch.remove(self, on: loop) }
        deadline?.wake()
        self.socket = nil
    }

    func verify() async {
        guard let credential else { return }
        do throws(Fault) {
            let scope = try await credential.scope(by: services.authenticator)
            _ = try scope.permit(EventsRead.self)
        } catch {
            // Nobody can say at present: he stays as long as that lasts.
            if error.code != .unauthenticated, error.code != .forbidden { return }
            socket?.close(.policyViolation, "the credential is no longer good for this")
        }
    }

    // MARK: Messages

    func received(_ text: [UInt8], on socket: WebSocketConnection) async {
        do throws(Fault) {
            switch try SocketMessage(text, in: document) {
            case .ping: say("pong")
            case .authenticate(let token): try await authenticate(token)
            case .subscribe(let wanted): try await subscribe(wanted)
            case .unsubscribe(let id): try unsubscribe(id)
            }
        } catch {
            refuse(error)
        }
    }

    private func authenticate(_ token: String) async throws(Fault) {
        guard tenant == nil else { throw Fault(.invalidState, "The socket has a credential already.") }
        let given = LiveCredential(Secret(token), in: .header, from: address)
        do throws(Fault) {
            let scope = try await given.scope(by: services.authenticator)
            _ = try scope.permit(EventsRead.self)
            guard tenant == nil else { return }
            tenant = scope.tenant
            credential = given
        } catch {
            refuse(error)
            if error.code == .unauthenticated || error.code == .forbidden {
                socket?.close(.policyViolation, "the credential is not good for this")
            }
            return
        }
        deadline?.wake()
        say("ready")
    }

    private func subscribe(_ wanted: SocketMessage.Subscribe) async throws(Fault) {
        guard let tenant, let credential else { throw Fault(.unauthenticated, "Say first who you are: type authenticate.") }
        let scope = try await credential.scope(by: services.authenticator)
        _ = try scope.permit(EventsRead.self)
        guard subscriptions[wanted.id] == nil else {
            throw .invalid("id", "duplicate", "There is a subscription of that name.")
        }
        guard subscriptions.count < EventSocket.subscriptionLimit else {
            throw Fault(.limitReached, "A socket has at most \(EventSocket.subscriptionLimit) subscriptions.")
        }
        let (subscription, isWhole) = try await services.hub.prepare(
            self, of: tenant, wanted.filter, .webSocket(subscription: wanted.id), behind: wanted.lastSeq)
        guard isReading else { return }
        subscriptions[wanted.id] = subscription
        say("subscribed", id: wanted.id) { writer in
            writer.key("seq")
            writer.int(subscription.place)
            writer.key("whole")
            writer.bool(isWhole)
        }
        services.hub.subscribe(subscription, to: tenant)
    }

    private func unsubscribe(_ id: String) throws(Fault) {
        guard let tenant, let subscription = subscriptions.removeValue(forKey: id) else {
            throw .invalid("id", "reference", "There is no subscription of that name.")
        }
        services.hub.unsubscribe(subscription, from: tenant)
        say("unsubscribed", id: id)
    }

    // MARK: Words

    private func say(_ type: String, id: String? = nil, _ further: (inout JSONWriter) -> Void = { _ in }) {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("type")
        writer.string(type)
        if let id {
            writer.key("id")
            writer.string(id)
        }
        further(&writer)
        writer.endObject()
        socket?.send(text: writer.finish())
    }

    private func refuse(_ fault: Fault) {
        say("error") { writer in
            writer.key("code")
            writer.string(fault.code.rawValue)
            writer.key("detail")
            writer.string(fault.message)
            guard !fault.fields.isEmpty else { return }
            writer.key("errors")
            writer.beginArray()
            for field in fault.fields {
                writer.beginObject()
                writer.key("field")
                writer.string(field.path)
                writer.key("code")
                writer.string(field.code)
                writer.key("message")
                writer.string(field.message)
                writer.endObject()
            }
            writer.endArray()
        }
    }
}

extension EventSocket: EventReader {
    var isReading: Bool { socket?.isOpen == true }

    func take(_ bytes: [UInt8]) { socket?.send(bytes) }

    func untilRoom() async { await socket?.untilRoom() }

    func fail() { socket?.close(.internalError, "the events can't be read now") }
}

/// What those who watch need of the capabilities.
struct LiveServices: Sendable {
    let authenticator: Authenticator
    let hub: EventHub
    let watch: ReaderWatch
}
