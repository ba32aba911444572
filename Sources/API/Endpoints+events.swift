// What happens, told in three ways at one address: a list for those who look back, a stream of server-sent events, and a WebSocket.

import Base
import Crypto
import HTTP
import Identity
import JSON
import Tenancy

/// Which events a caller wants.
private struct ListEvents: Sendable {
    let paging: Paging
    let filter: EventFilter
    let lastSeq: Int?

    private static let types = StringShape(1...500).refined(
        .format, "These are types of events, such as execution.failed or execution.*, with commas between them."
    ) { patterns($0) != nil }
    private static let refs = StringShape(1...3_000).refined(
        .format, "These are ids, such as exec_…, with commas between them."
    ) { ids($0) != nil }

    static let query = Query<ListEvents>("ListEvents") { parameters in
        let paging = Paging.read(&parameters)
        let types = parameters.optional(
            "filter[type]", types, "Only events of these types; the last part may be `*`, and commas stand between several.")
        let refs = parameters.optional(
            "filter[ref]", refs,
            "Only events about these ids, or about runs and schedules of these definitions; commas stand between several.")
        return ListEvents(
            paging: paging,
            filter: EventFilter(patterns: types.flatMap(patterns) ?? [], refs: Set(refs.flatMap(ids) ?? [])),
            lastSeq: parameters.optional(
                "last_seq", .integer(0...Int.max),
                "Only events behind this number. A stream begins there; Last-Event-ID says the same. Its first event is `gap` when some are gone."
            ))
    }

    private static func patterns(_ text: String) -> [EventPattern]? {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let patterns = parts.compactMap { EventPattern(String($0)) }
        return patterns.count == parts.count && parts.count <= EventFilter.patternLimit ? patterns : nil
    }

    private static func ids(_ text: String) -> [UUIDBits]? {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let ids = parts.compactMap { EventFilter.ref(String($0)) }
        return ids.count == parts.count && parts.count <= EventFilter.refLimit ? ids : nil
    }

    /// The list by name, which a cursor is bound to.
    var name: String {
        let refs = filter.refs.map(\.description).sorted().joined(separator: ",")
        return "events \(filter.patterns.map(\.text).joined(separator: ",")) \(refs) \(lastSeq ?? 0) \(paging.order.rawValue)"
    }
}

extension Endpoint {
    /// The protocol that a WebSocket may name, and how one begins that carries a credential.
    private static let socketProtocol = "insula.v1"
    private static let bearerProtocol = "insula.bearer."

    static func events(_ services: Services) -> [Endpoint] {
        let list = Endpoint.asking(
            "/v1/events", "", EventsRead.self, ListEvents.query, answers: Event.output.page
        ) { call, permit, query throws(Fault) in
            let holder = Cursor.Holder(permit.scope)
            let place = try query.paging.cursor.map { cursor throws(Fault) in
                Int(truncatingIfNeeded: try Cursor.open(cursor, query: query.name, for: holder).low)
            }
            let part = try await services.eventLog.list(
                query.filter, after: query.lastSeq ?? 0, behind: place, limit: query.paging.limit, order: query.paging.order,
                permit)
            return Page(
                part.elements,
                nextCursor: part.next.map { Cursor.seal(UUIDBits(high: 0, low: UInt64($0)), query: query.name, for: holder) })
        }
        var row = Endpoint(
            method: .get, path: list.path, summary: "List what happened, or watch it by a WebSocket or server-sent events",
            right: .eventsRead, limit: .standard, status: 200
        ) { call throws(Fault) in
            if WebSocketHandshake.wantsSocket(call.exchange.head) {
                try await openSocket(call, services.live)
            } else if call.wantsEventStream {
                try await openStream(call, services.live)
            } else {
                try await list.run(call)
            }
        }
        row.query = list.query
        row.answer = list.answer
        row.isLive = true
        return [row]
    }

    /// Makes a WebSocket of the connection. Who it is may be said in the head, by a protocol that is offered, or by the first message.
    private static func openSocket(_ call: Call, _ live: LiveServices) async throws(Fault) {
        let handshake = try WebSocketHandshake(call.exchange.head)
        try call.refuseQuery()
        var credential = try call.liveCredential(live.authenticator)
        if let offered = handshake.protocols.first(where: { $0.hasPrefix(bearerProtocol) }) {
            guard credential == nil else { throw Fault(.malformed, "Give one credential: in the head, or by a protocol.") }
            call.hasCredential = true
            credential = LiveCredential(Secret(String(offered.dropFirst(bearerProtocol.count))), in: .header, from: call.address)
        }
        var known: (LiveCredential, TenantID)?
        if let credential {
            let scope = try await credential.scope(by: live.authenticator)
            _ = try scope.permit(EventsRead.self)
            known = (credential, scope.tenant)
        }
        let socket = EventSocket(live, known, from: call.address)
        let chosen = handshake.protocols.contains(socketProtocol) ? socketProtocol : nil
        call.exchange.handOver(to: WebSocketConnection(socket), status: 101) { head in
            handshake.write(choosing: chosen, into: &head)
            call.writeHeaders(&head)
        }
    }

    private static func openStream(_ call: Call, _ live: LiveServices) async throws(Fault) {
        let permit = try call.permit(EventsRead.self)
        let query = try call.read(ListEvents.query)
        guard let credential = try call.liveCredential(live.authenticator) else {
            throw Fault(.unauthenticated, "A credential is required.")
        }
        let tenant = permit.scope.tenant
        let stream = EventStream(live, credential, of: tenant)
        // A browser that comes back says by the field where it was, whatever the address of the stream says.
        try await stream.want(query.filter, behind: try call.lastEventID ?? query.lastSeq)
        call.exchange.handOver(to: stream, status: 200) { head in
            head.appendStatic("content-type: text/event-stream\r\nconnection: close\r\nx-accel-buffering: no\r\n")
            call.writeHeaders(&head)
        }
    }
}

extension Call {
    /// Whether the answer is to be a stream of server-sent events.
    fileprivate var wantsEventStream: Bool {
        guard exchange.head.method == .get, let accept = exchange.head.headers.text(of: .accept) else { return false }
        return accept.lowercased().split(separator: ",").contains { part in
            part.drop { $0 == " " }.hasPrefix("text/event-stream")
        }
    }

    /// The number of the last event that a reader has who comes back.
    fileprivate var lastEventID: Int? {
        get throws(Fault) {
            guard let text = exchange.head.headers.text(of: .lastEventID), !text.isEmpty else { return nil }
            guard let seq = Int(text), seq >= 0 else {
                throw .invalid("Last-Event-ID", "format", "This is the number of an event.")
            }
            return seq
        }
    }

    /// The credential of the request, to be asked about again later.
    fileprivate func liveCredential(_ authenticator: Authenticator) throws(Fault) -> LiveCredential? {
        guard let given = try authenticator.given(in: self) else { return nil }
        return LiveCredential(Secret(exchange.head.bytes[given.range]), in: given.place, from: address)
    }
}
