// Events as a stream of server-sent events (WHATWG HTML, section 9.2), for those who have no WebSocket: it lasts until the reader goes, his
// credential ends, or he reads too slowly; a browser then comes back by itself with the number of the last event it has. When some of
// what he missed is kept no more, an event `gap` says so first.
// Bounds: `queuedBytes` that wait for the reader; a comment every `commentMilliseconds`.

import Base
import HTTP
import Identity
import Loop
import Tenancy

/// A client that watches by a stream. Used on the loop of its connection.
final class EventStream: ConnectionGuest, LongReader, EventReader, @unchecked Sendable {
    static let queuedBytes = 1 << 20
    static let commentMilliseconds = 15_000

    private let services: LiveServices
    private let credential: LiveCredential
    private let tenant: TenantID
    private var subscription: EventSubscription?
    private var isWhole = true
    private var stream: ConnectionStream?
    private var queue: OutgoingQueue?
    private var keeper: Sleeper?
    private(set) var isReading = false

    init(_ services: LiveServices, _ credential: LiveCredential, of tenant: TenantID) {
        self.services = services
        self.credential = credential
        self.tenant = tenant
    }

    /// Says what is wanted, before the stream begins.
    /// - Parameter place: the number behind which it begins; `nil` for what happens from now on.
    /// - Throws: `.invalid` naming `last_seq` when nothing has that number yet; `.unavailable`.
    func want(_ filter: EventFilter, behind place: Int?) async throws(Fault) {
        (subscription, isWhole) = try await services.hub.prepare(self, of: tenant, filter, .serverSent, behind: place)
    }

    func serve(_ stream: ConnectionStream) async {
        let queue = OutgoingQueue(stream, limitBytes: EventStream.queuedBytes)
        let keeper = Sleeper(loop: stream.loop)
        (self.stream, self.queue, self.keeper) = (stream, queue, keeper)
        isReading = true
        queue.push(Array(": events\nretry: 1000\n\n".utf8))
        if let subscription, !isWhole {
            // It has no number, so that who comes back is where he was.
            queue.push(Array("event: gap\ndata: {\"after\":\(subscription.place)}\n\n".utf8))
        }
        services.watch.add(self, on: stream.loop)
        let keeping = stream.loop.spawn { [self] in await keepAlive(keeper) }
        if let subscription { services.hub.subscribe(subscription, to: tenant) }
        await untilEnd(stream)
        if let subscription { services.hub.unsubscribe(subscription, from: tenant) }
        subscription = nil
        isReading = false
        services.watch.remove(self, on: stream.loop)
        queue.end()
        keeper.wake()
        await keeping.value
    }

    /// Reads past what the client may still send, until it goes.
    private func untilEnd(_ stream: ConnectionStream) async {
        do throws(SocketFailure) {
            while isReading, try await !stream.read().isEmpty {}
        } catch {
            // It is gone.
        }
    }

    private func keepAlive(_ keeper: Sleeper) async {
        while isReading {
            await keeper.wait(until: Instant.now.advanced(milliseconds: EventStream.commentMilliseconds))
            if isReading { take(Array(":\n\n".utf8)) }
        }
    }

    func drain() { end() }

    private func end() {
        isReading = false
        queue?.end()
        stream?.close()
    }

    func verify() async {
        do throws(Fault) {
            let scope = try await credential.scope(by: services.authenticator)
            _ = try scope.permit(EventsRead.self)
        } catch {
            if error.code == .unauthenticated || error.code == .forbidden { end() }
        }
    }

    // MARK: Events

    func take(_ bytes: [UInt8]) {
        if isReading, queue?.add(bytes) == false { end() }
    }

    func untilRoom() async { await queue?.until(atMost: EventStream.queuedBytes / 8) }

    func fail() { end() }
}
