// What a client may say over the socket: a JSON object whose `type` says what it is. Each kind is declared like the body of a request, so that
// what is wrong is told by the field.

import Base
import JSON
import Tenancy

/// A message of a client.
enum SocketMessage: Sendable {
    case authenticate(token: String)
    case subscribe(Subscribe)
    case unsubscribe(id: String)
    case ping

    /// What is wanted, under which name, from where on.
    struct Subscribe: Sendable {
        let id: String
        let filter: EventFilter
        let lastSeq: Int?
    }

    /// The kinds by their names.
    private enum Kind: String, CaseIterable, Sendable {
        case authenticate, subscribe, unsubscribe, ping
    }

    /// The name of a subscription that is given none.
    static let defaultID = "default"

    /// Reads a text.
    /// - Throws: `.malformed` for what is no JSON, `.invalid` naming the fields that are wrong.
    init(_ text: [UInt8], in document: JSONDocument) throws(Fault) {
        do throws(JSONError) { try document.parse(text.span) } catch { throw error.fault }
        guard document.root.kind == .object else { throw Fault(.malformed, "A message is a JSON object.") }
        switch Kind(rawValue: document.root["type"]?.string() ?? "") {
        case .authenticate: self = .authenticate(token: try SocketMessage.authenticateInput.decode(document.root))
        case .subscribe: self = .subscribe(try SocketMessage.subscribeInput.decode(document.root))
        case .unsubscribe: self = .unsubscribe(id: try SocketMessage.unsubscribeInput.decode(document.root))
        case .ping:
            _ = try SocketMessage.pingInput.decode(document.root)
            self = .ping
        case nil:
            throw .invalid("type", "enum", "This must be one of: \(Kind.allCases.map(\.rawValue).joined(separator: ", ")).")
        }
    }

    // MARK: Shapes

    private static let name = StringShape(1...60, format: .line)
    private static let pattern = StringShape(1...EventPattern.characterLimit).refined(
        .format, "This is a type of events, such as execution.failed, or several, such as execution.* or *."
    ) { EventPattern($0) != nil }
    private static let ref = StringShape(1...60).refined(.format, "This is an id, such as exec_….") { EventFilter.ref($0) != nil }

    private static let filters = Input<EventFilter>("EventFilters", "Which events are wanted; all when nothing is said.") {
        fields in
        let types = fields.defaulted(
            "types", .array(of: pattern, 0...EventFilter.patternLimit), [], "Types; the last part may be `*`.")
        let refs = fields.defaulted(
            "refs", .array(of: ref, 0...EventFilter.refLimit), [],
            "Ids of what they may be about; that of a definition stands for its runs and schedules, too, but not for their steps and progress."
        )
        return EventFilter(
            patterns: types.compactMap { EventPattern($0) }, refs: Set(refs.compactMap { EventFilter.ref($0) }))
    }

    static let authenticateInput = Input<String>("SocketAuthenticate") { fields in
        _ = fields.required("type", .enumeration(Kind.self), "What this is.")
        return fields.required("token", .string(1...4_096), "An access token, or an API key.")
    }

    static let subscribeInput = Input<Subscribe>("SocketSubscribe") { fields in
        _ = fields.required("type", .enumeration(Kind.self), "What this is.")
        return Subscribe(
            id: fields.defaulted("id", name, defaultID, "What the subscription is called; every event names it."),
            filter: fields.defaulted("filters", filters, EventFilter(), "Which events are wanted."),
            lastSeq: fields.optional(
                "last_seq", .integer(0...Int.max),
                "The number of the last event that is known: what came behind it is sent first."))
    }

    private static let unsubscribeInput = Input<String>("SocketUnsubscribe") { fields in
        _ = fields.required("type", .enumeration(Kind.self), "What this is.")
        return fields.defaulted("id", name, defaultID, "Which subscription ends.")
    }

    private static let pingInput = Input<Void>("SocketPing") { fields in
        _ = fields.required("type", .enumeration(Kind.self), "What this is.")
    }
}
