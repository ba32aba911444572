// A trigger in requests and in the store: an object whose `type` says which of the other members belong to it.

import Base
import JSON
import Tenancy

extension ScheduleTrigger {
    /// A trigger as it is sent.
    public static let input = Input<ScheduleTrigger>("ScheduleTrigger", "When a schedule fires.") { fields in
        let type = fields.required("type", .enumeration(Kind.self), "What kind of trigger it is.")
        let every = fields.optional(
            "every_seconds", .integer(everySeconds), "Of an interval: its length. It is counted from when this trigger was set.")
        let cron = fields.optional(
            "cron", CronShape(),
            "Of a cron: five fields (minute, hour, day of month, month, day of week) as Vixie's cron reads them, or @hourly, @daily, @weekly, @monthly or @yearly."
        )
        let zone = fields.optional(
            "time_zone", ZoneShape(),
            "Of a cron: a zone of the IANA database; UTC when left out. A time that the clock leaves out comes when it goes on, one that it shows twice comes the first time."
        )
        let at = fields.optional("at", .timestamp, "Of an at: when.")
        let event = fields.optional(
            "event", .string(1...60, format: .line), "Of an event: its type, such as execution.failed.")
        let filter = fields.optional(
            "filter", .object(bytes: filterBytes),
            "Of an event: what its payload has to hold, as events show it; anything when left out.")
        // Of a completion_of: whose runs it waits for.
        let definition = fields.definition()
        let ends = fields.optional(
            "states", .array(of: .enumeration(End.self), 1...End.allCases.count),
            "Of a completion_of: how the run has to have ended; succeeded when left out.")
        let wanted = "A trigger of this type needs it."
        fields.refuse("every_seconds", .required, wanted, when: type == .interval && every == nil)
        fields.refuse("cron", .required, wanted, when: type == .cron && cron == nil)
        fields.refuse("at", .required, wanted, when: type == .at && at == nil)
        fields.refuse("event", .required, wanted, when: type == .event && event == nil)
        fields.refuse(
            "event", .format, "This is one type of event, in small letters, such as execution.failed; a pattern is not.",
            when: event.map { EventPattern($0) == nil || $0.contains("*") } ?? false)
        fields.refuse(
            "agent_id", .required, "The agent, task, flow or automation whose runs it waits for.",
            when: type == .completionOf && definition == nil)
        let other = "It belongs to triggers of another type."
        fields.refuse("every_seconds", .unknown, other, when: type != .interval && every != nil)
        fields.refuse("cron", .unknown, other, when: type != .cron && cron != nil)
        fields.refuse("time_zone", .unknown, other, when: type != .cron && zone != nil)
        fields.refuse("at", .unknown, other, when: type != .at && at != nil)
        fields.refuse("event", .unknown, other, when: type != .event && event != nil)
        fields.refuse("filter", .unknown, other, when: type != .event && filter != nil)
        fields.refuse(
            definition?.member.name ?? "", .unknown, other, when: type != .completionOf && definition != nil)
        fields.refuse("states", .unknown, other, when: type != .completionOf && ends != nil)
        switch type {
        case .interval: return .interval(seconds: every ?? everySeconds.lowerBound)
        case .cron: return .cron(cron ?? .daily, zone: zone ?? "UTC")
        case .at: return .at(at ?? Timestamp(microseconds: 0))
        case .event: return .event(type: event ?? "", filter: filter?.object ?? JSONObject())
        case .completionOf:
            return .completionOf(definition ?? .agent(AgentID(UUIDBits(high: 0, low: 0))), ends: ends ?? [.succeeded])
        }
    }

    /// The object that is stored and shown.
    var value: JSONValue {
        var object = JSONObject()
        object["type"] = .string(kind.rawValue)
        switch self {
        case .interval(let seconds): object["every_seconds"] = .integer(seconds)
        case .cron(let expression, let zone):
            object["cron"] = .string(expression.text)
            object["time_zone"] = .string(zone)
        case .at(let moment): object["at"] = .string(moment.rfc3339)
        case .event(let type, let filter):
            object["event"] = .string(type)
            object["filter"] = .object(filter)
        case .completionOf(let definition, let ends):
            object[definition.member.name] = .string(definition.member.id)
            object["states"] = .array(ends.map { .string($0.rawValue) })
        }
        return .object(object)
    }
}

extension MissedPolicy {
    /// What is sent about missed fires.
    public static let input = Input<MissedPolicy>("MissedPolicy", "What becomes of fires that were missed by more than a minute.")
    { fields in
        MissedPolicy(
            fields.required(
                "policy", .enumeration(Kind.self), "None is made up for, one for all of them, or each within bounds."),
            most: fields.defaulted("max", .integer(most), 10, "Of all: the newest so many."),
            windowSeconds: fields.defaulted(
                "window_seconds", .integer(windowSeconds), 86_400, "Of all: none that was planned longer ago."))
    }

    /// The object that is stored and shown.
    var value: JSONValue {
        ["policy": .string(kind.rawValue), "max": .integer(most), "window_seconds": .integer(windowSeconds)]
    }
}

/// A cron expression as text.
struct CronShape: ValueShape {
    private let text = StringShape(1...CronExpression.characters, format: .line)

    func decode(_ view: JSONView, _ problems: inout Problems) -> CronExpression {
        var found = Problems()
        let text = text.decode(view, &found)
        if let problem = found.fields.first {
            problems.add(Problems.Code(rawValue: problem.code) ?? .format, problem.message)
            return placeholder
        }
        do throws(CronError) {
            return try CronExpression(reading: text)
        } catch {
            problems.add(.format, error.sentence)
            return placeholder
        }
    }

    var placeholder: CronExpression { .daily }
    var schema: SchemaNode { text.schema }
    func describe(_ value: CronExpression) -> JSONValue? { .string(value.text) }
}

/// The name of a time zone that the system knows.
struct ZoneShape: ValueShape {
    private let text = StringShape(1...64, format: .line)

    func decode(_ view: JSONView, _ problems: inout Problems) -> String {
        var found = Problems()
        let text = text.decode(view, &found)
        if let problem = found.fields.first {
            problems.add(Problems.Code(rawValue: problem.code) ?? .format, problem.message)
        } else if ZoneRules.named(text) == nil {
            problems.add(
                .reference, "There is no time zone of this name. A name is one of the IANA database, such as Europe/Berlin.")
        }
        return text
    }

    var placeholder: String { "UTC" }
    var schema: SchemaNode { text.schema }
    func describe(_ value: String) -> JSONValue? { .string(value) }
}

extension CronExpression {
    /// Every midnight.
    static let daily = CronExpression(
        text: "@daily", minutes: 1, hours: 1, days: 0xFFFF_FFFE, months: 0x1FFE, weekdays: 0x7F, needsBoth: true)
}
