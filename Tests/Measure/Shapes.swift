// The commonest shapes of the API, each with an input and an output of ours and, for comparison, Foundation's Codable on the same type.

import Base
import JSON

extension ID: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let id = ID(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no id")
        }
        self = id
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension Timestamp: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let moment = Timestamp(rfc3339: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no moment")
        }
        self = moment
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rfc3339)
    }
}

/// A type that is measured.
protocol Measured: Codable, Sendable {
    static var input: Input<Self> { get }
    static var output: Output<Self> { get }
}

enum State: String, Codable, CaseIterable, JSONRepresentable {
    case created, queued, running, paused, succeeded, failed
}

struct ToolUse: Measured {
    var name: String
    var timeoutMilliseconds: Int
    var isRequired: Bool

    static let input = Input<ToolUse>("ToolUse") { fields in
        ToolUse(
            name: fields.required("name", .string(1...100), "Its name."),
            timeoutMilliseconds: fields.required("timeoutMilliseconds", .integer(1...600_000), "How long it may take."),
            isRequired: fields.required("isRequired", .boolean, "Whether the run fails with it."))
    }
    static let output = Output<ToolUse>(
        "ToolUse",
        [
            .field("name", "Its name.") { $0.name },
            .field("timeoutMilliseconds", "How long it may take.") { $0.timeoutMilliseconds },
            .field("isRequired", "Whether the run fails with it.") { $0.isRequired },
        ])
}

struct Agent: Measured {
    var id: AgentID
    var name: String
    var description: String?
    var state: State
    var strategy: String
    var tools: [ToolUse]
    var capabilities: [String]
    var maximumTasks: Int
    var version: Int
    var created: Timestamp
    var updated: Timestamp

    static let input = Input<Agent>("Agent") { fields in
        Agent(
            id: fields.required("id", .id(AgentID.self), "Its id."),
            name: fields.required("name", .string(1...100, format: .line), "What it is called."),
            description: fields.optional("description", .string(0...1000), "What it is for."),
            state: fields.required("state", .enumeration(State.self), "Its state."),
            strategy: fields.required("strategy", .string(1...50), "How it works."),
            tools: fields.required("tools", .array(of: ToolUse.input, 0...20), "Its tools."),
            capabilities: fields.required("capabilities", .array(of: .string(1...50), 0...20), "What it can do."),
            maximumTasks: fields.required("maximumTasks", .integer(1...100), "How many at once."),
            version: fields.required("version", .integer(1...1_000_000), "Its version."),
            created: fields.required("created", .timestamp, "When it was made."),
            updated: fields.required("updated", .timestamp, "When it was changed."))
    }
    static let output = Output<Agent>(
        "Agent",
        [
            .field("id", "Its id.") { $0.id },
            .field("name", "What it is called.") { $0.name },
            .sparse("description", "What it is for.") { $0.description },
            .field("state", "Its state.") { $0.state },
            .field("strategy", "How it works.") { $0.strategy },
            .list("tools", "Its tools.", ToolUse.output) { $0.tools },
            .field("capabilities", "What it can do.") { $0.capabilities },
            .field("maximumTasks", "How many at once.") { $0.maximumTasks },
            .field("version", "Its version.") { $0.version },
            .field("created", "When it was made.") { $0.created },
            .field("updated", "When it was changed.") { $0.updated },
        ])
}

struct Execution: Measured {
    var id: ExecutionID
    var agent: AgentID
    var state: State
    var attempt: Int
    var progress: Double
    var queued: Timestamp
    var started: Timestamp?
    var finished: Timestamp?
    var error: String?

    static let input = Input<Execution>("Execution") { fields in
        Execution(
            id: fields.required("id", .id(ExecutionID.self), "Its id."),
            agent: fields.required("agent", .id(AgentID.self), "Whose it is."),
            state: fields.required("state", .enumeration(State.self), "Its state."),
            attempt: fields.required("attempt", .integer(0...100), "Which try."),
            progress: fields.required("progress", .number(0...1), "How far it is."),
            queued: fields.required("queued", .timestamp, "When it was queued."),
            started: fields.optional("started", .timestamp, "When it began."),
            finished: fields.optional("finished", .timestamp, "When it ended."),
            error: fields.optional("error", .string(0...1000), "Why it failed."))
    }
    static let output = Output<Execution>(
        "Execution",
        [
            .field("id", "Its id.") { $0.id },
            .field("agent", "Whose it is.") { $0.agent },
            .field("state", "Its state.") { $0.state },
            .field("attempt", "Which try.") { $0.attempt },
            .field("progress", "How far it is.") { $0.progress },
            .field("queued", "When it was queued.") { $0.queued },
            .sparse("started", "When it began.") { $0.started },
            .sparse("finished", "When it ended.") { $0.finished },
            .sparse("error", "Why it failed.") { $0.error },
        ])
}

struct Work: Measured {
    var id: String
    var type: String
    var name: String
    var target: String
    var priority: Int
    var state: State
    var tags: [String]
    var created: Timestamp
    var deadline: Timestamp?

    static let input = Input<Work>("Task") { fields in
        Work(
            id: fields.required("id", .string(1...40), "Its id."),
            type: fields.required("type", .string(1...40), "Its type."),
            name: fields.required("name", .string(1...100), "What it is called."),
            target: fields.required("target", .string(1...2000), "What it works on."),
            priority: fields.required("priority", .integer(0...9), "How urgent it is."),
            state: fields.required("state", .enumeration(State.self), "Its state."),
            tags: fields.required("tags", .array(of: .string(1...50), 0...20), "Words about it."),
            created: fields.required("created", .timestamp, "When it was made."),
            deadline: fields.optional("deadline", .timestamp, "When it has to be done."))
    }
    static let output = Output<Work>(
        "Task",
        [
            .field("id", "Its id.") { $0.id },
            .field("type", "Its type.") { $0.type },
            .field("name", "What it is called.") { $0.name },
            .field("target", "What it works on.") { $0.target },
            .field("priority", "How urgent it is.") { $0.priority },
            .field("state", "Its state.") { $0.state },
            .field("tags", "Words about it.") { $0.tags },
            .field("created", "When it was made.") { $0.created },
            .sparse("deadline", "When it has to be done.") { $0.deadline },
        ])
}

struct WorkList: Measured {
    var data: [Work]
    var hasMore: Bool
    var nextCursor: String?

    static let input = Input<WorkList>("TaskList") { fields in
        WorkList(
            data: fields.required("data", .array(of: Work.input, 0...100), "The tasks."),
            hasMore: fields.required("hasMore", .boolean, "Whether there are more."),
            nextCursor: fields.optional("nextCursor", .string(1...200), "Where to go on."))
    }
    static let output = Output<WorkList>(
        "TaskList",
        [
            .list("data", "The tasks.", Work.output) { $0.data },
            .field("hasMore", "Whether there are more.") { $0.hasMore },
            .sparse("nextCursor", "Where to go on.") { $0.nextCursor },
        ])
}
