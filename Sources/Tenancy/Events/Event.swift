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

    public init(seq: Int, type: String, ref: UUIDBits, payload: JSONBytes, at: Timestamp) {
        self.seq = seq
        self.type = type
        self.ref = ref
        self.payload = payload
        self.at = at
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
