// Something that happened in a tenant, numbered: what is read of it is never changed. How it looks on the wire is the same wherever it is
// told: in lists, over sockets, in streams.

import Base
import JSON
import Postgres

/// An event.
public struct Event: Sendable {
    /// Its number among the tenant's events, from 1 and without gaps.
    public let seq: Int
    /// What happened, such as `execution.started`.
    public let type: String
    /// What it happened to.
    public let ref: UUIDBits
    /// What there is to say about it: a JSON object.
    public let payload: JSONBytes
    /// When.
    public let at: Timestamp
    /// The definition that was run or planned, where the event is about a run or a schedule.
    public let definition: UUIDBits?

    public init(seq: Int, type: String, ref: UUIDBits, payload: JSONBytes, at: Timestamp, definition: UUIDBits? = nil) {
        self.seq = seq
        self.type = type
        self.ref = ref
        self.payload = payload
        self.at = at
        self.definition = definition
    }

    /// The columns that `init(_:)` reads, of rows of `events`.
    public static let columns = """
        seq, type, ref, payload, at, definition_id, (SELECT d.kind FROM definitions d WHERE d.id = definition_id)
        """

    /// Reads a row of `columns`. The payload is as it is shown.
    public init(_ row: borrowing RowReader) throws(Fault) {
        let type = try row.value(1, as: String.self)
        let definition = try row.value(5, as: UUIDBits?.self)
        var payload = try row.value(3, as: JSONBytes.self)
        // No others hold ids, and some are long.
        if definition != nil || type.hasPrefix("notification.") {
            payload = EventPayload.shown(payload, kind: try row.value(6))
        }
        self.init(
            seq: try row.value(0), type: type, ref: try row.value(2), payload: payload, at: try row.value(4),
            definition: definition)
    }

    /// What it happened to, as its id is shown.
    public var refText: String {
        guard let prefix = Event.prefix(of: type) else { return ref.description }
        return ref.typeID(prefix)
    }

    /// How ids of what events of a type are about begin.
    static func prefix(of type: String) -> String? {
        switch type.prefix(while: { $0 != "." }) {
        case "execution", "step": "exec"
        case "agent": "agent"
        case "task": "task"
        case "flow": "flow"
        case "automation": "auto"
        case "schedule": "sched"
        case "notification": "notif"
        default: nil
        }
    }

    /// Whether it only says how far something has come, so that a later one makes it worthless.
    public var isProgress: Bool { type.hasSuffix(".progress") }

    /// Whether nothing more happens to what it is about.
    public var isTerminal: Bool {
        switch type {
        case "execution.succeeded", "execution.failed", "execution.cancelled", "execution.timed_out", "execution.indeterminate":
            true
        default: false
        }
    }

    /// An event as it is shown.
    public static let output = Output<Event>(
        "Event", "Something that happened.",
        [
            .field("seq", "Its number among the tenant's events, from 1 and without gaps.") { $0.seq },
            .field("type", "What happened.") { $0.type },
            .field("ref", "The id of what it happened to.") { $0.refText },
            .field("at", "When.") { $0.at },
            .field("payload", "What there is to say about it.") { JSONRaw($0.payload.bytes) },
        ])
}
