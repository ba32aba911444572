// When a schedule fires: by the clock (an interval, a cron, once at a moment), or because something happened (an event, the end of a run).

import Base
import JSON

/// What makes a schedule fire.
public enum ScheduleTrigger: Sendable, Equatable {
    /// The seconds that an interval may have.
    public static let everySeconds = 10...31_536_000
    /// The most bytes of a filter.
    public static let filterBytes = 4 << 10

    /// What kind it is, as the wire calls it.
    public enum Kind: String, Sendable, CaseIterable, JSONRepresentable {
        case interval, cron, at, event
        case completionOf = "completion_of"
    }

    /// How a run can have ended.
    public enum End: String, Sendable, CaseIterable, JSONRepresentable {
        case succeeded, failed, cancelled, indeterminate
        case timedOut = "timed_out"
    }

    /// Every so many seconds, counted from when this trigger was set, whenever the fires really were.
    case interval(seconds: Int)
    /// When a cron comes by the clock of a zone.
    case cron(CronExpression, zone: String)
    /// Once.
    case at(Timestamp)
    /// At every event of that type whose payload holds all that the filter says.
    case event(type: String, filter: JSONObject)
    /// When a run of that definition ends as one of these.
    case completionOf(DefinitionReference, ends: [End])

    /// What kind it is.
    public var kind: Kind {
        switch self {
        case .interval: .interval
        case .cron: .cron
        case .at: .at
        case .event: .event
        case .completionOf: .completionOf
        }
    }

    /// Whether it waits for events rather than for the clock.
    public var isOfEvents: Bool { kind == .event || kind == .completionOf }

    /// The first planned time later than `moment`; `nil` when there is none.
    /// - Parameter anchor: where the steps of an interval are counted from.
    func next(after moment: Timestamp, anchor: Timestamp) -> Timestamp? {
        switch self {
        case .interval(let seconds):
            let step = Int64(seconds) * 1_000_000
            let done = Timestamp.floorDivide(moment.microseconds - anchor.microseconds, step)
            return Timestamp(microseconds: anchor.microseconds + max(1, done + 1) * step)
        case .cron(let expression, let zone):
            // A zone that the system's database has lost has no next time: the schedule ends, as one that has nothing more to fire.
            return ZoneRules.named(zone).flatMap { expression.next(after: moment, in: $0) }
        case .at(let once): return once > moment ? once : nil
        case .event, .completionOf: return nil
        }
    }

    /// The events that it waits for, by type.
    var eventTypes: [String] {
        switch self {
        case .interval, .cron, .at: []
        case .event(let type, _): [type]
        case .completionOf(_, let ends): ends.map { "execution.\($0.rawValue)" }
        }
    }
}
