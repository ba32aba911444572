// The small shapes: problems, keys, steps, log lines, logins and events.

import Base
import JSON

struct FieldProblem: Measured {
    var field: String
    var code: String
    var message: String

    static let input = Input<FieldProblem>("FieldProblem") { fields in
        FieldProblem(
            field: fields.required("field", .string(0...200), "Where."),
            code: fields.required("code", .string(1...50), "Why."),
            message: fields.required("message", .string(1...500), "In words."))
    }
    static let output = Output<FieldProblem>(
        "FieldProblem",
        [
            .field("field", "Where.") { $0.field }, .field("code", "Why.") { $0.code },
            .field("message", "In words.") { $0.message },
        ])
}

struct Problem: Measured {
    var type: String
    var title: String
    var status: Int
    var detail: String
    var code: String
    var requestID: RequestID
    var errors: [FieldProblem]

    static let input = Input<Problem>("Problem") { fields in
        Problem(
            type: fields.required("type", .string(1...200), "A URI."),
            title: fields.required("title", .string(1...200), "A title."),
            status: fields.required("status", .integer(100...599), "The status."),
            detail: fields.required("detail", .string(0...1000), "A sentence."),
            code: fields.required("code", .string(1...50), "The code."),
            requestID: fields.required("requestID", .id(RequestID.self), "Which request."),
            errors: fields.required("errors", .array(of: FieldProblem.input, 0...64), "The fields."))
    }
    static let output = Output<Problem>(
        "Problem",
        [
            .field("type", "A URI.") { $0.type }, .field("title", "A title.") { $0.title },
            .field("status", "The status.") { $0.status },
            .field("detail", "A sentence.") { $0.detail }, .field("code", "The code.") { $0.code },
            .field("requestID", "Which request.") { $0.requestID },
            .list("errors", "The fields.", FieldProblem.output) { $0.errors },
        ])
}

struct Key: Measured {
    var id: KeyID
    var name: String
    var hint: String
    var scopes: [String]
    var created: Timestamp
    var expires: Timestamp?
    var isRevoked: Bool

    static let input = Input<Key>("Key") { fields in
        Key(
            id: fields.required("id", .id(KeyID.self), "Its id."),
            name: fields.required("name", .string(1...100), "What it is called."),
            hint: fields.required("hint", .string(1...20), "Its first characters."),
            scopes: fields.required("scopes", .array(of: .string(1...50), 0...50), "What it may do."),
            created: fields.required("created", .timestamp, "When it was made."),
            expires: fields.optional("expires", .timestamp, "When it ends."),
            isRevoked: fields.required("isRevoked", .boolean, "Whether it was taken back."))
    }
    static let output = Output<Key>(
        "Key",
        [
            .field("id", "Its id.") { $0.id }, .field("name", "What it is called.") { $0.name },
            .field("hint", "Its first characters.") { $0.hint }, .field("scopes", "What it may do.") { $0.scopes },
            .field("created", "When it was made.") { $0.created }, .sparse("expires", "When it ends.") { $0.expires },
            .field("isRevoked", "Whether it was taken back.") { $0.isRevoked },
        ])
}

struct Step: Measured {
    var key: String
    var kind: String
    var state: State
    var attempt: Int
    var durationMilliseconds: Int
    var cost: Double
    var started: Timestamp
    var finished: Timestamp?

    static let input = Input<Step>("Step") { fields in
        Step(
            key: fields.required("key", .string(1...200), "Its key."),
            kind: fields.required("kind", .string(1...50), "Its kind."),
            state: fields.required("state", .enumeration(State.self), "Its state."),
            attempt: fields.required("attempt", .integer(0...100), "Which try."),
            durationMilliseconds: fields.required("durationMilliseconds", .integer(0...Int.max), "How long it took."),
            cost: fields.required("cost", .number(0...1e9), "What it cost."),
            started: fields.required("started", .timestamp, "When it began."),
            finished: fields.optional("finished", .timestamp, "When it ended."))
    }
    static let output = Output<Step>(
        "Step",
        [
            .field("key", "Its key.") { $0.key }, .field("kind", "Its kind.") { $0.kind },
            .field("state", "Its state.") { $0.state },
            .field("attempt", "Which try.") { $0.attempt },
            .field("durationMilliseconds", "How long it took.") { $0.durationMilliseconds },
            .field("cost", "What it cost.") { $0.cost }, .field("started", "When it began.") { $0.started },
            .sparse("finished", "When it ended.") { $0.finished },
        ])
}

struct LogLine: Measured {
    var at: Timestamp
    var level: String
    var message: String
    var execution: ExecutionID

    static let input = Input<LogLine>("LogLine") { fields in
        LogLine(
            at: fields.required("at", .timestamp, "When."),
            level: fields.required("level", .string(1...10), "How loud."),
            message: fields.required("message", .string(0...4000), "What."),
            execution: fields.required("execution", .id(ExecutionID.self), "Where."))
    }
    static let output = Output<LogLine>(
        "LogLine",
        [
            .field("at", "When.") { $0.at }, .field("level", "How loud.") { $0.level }, .field("message", "What.") { $0.message },
            .field("execution", "Where.") { $0.execution },
        ])
}

struct Login: Measured {
    var email: String
    var password: String
    var isRemembered: Bool

    static let input = Input<Login>("Login") { fields in
        Login(
            email: fields.required("email", .string(3...320), "Who."),
            password: fields.required("password", .string(1...200), "The proof."),
            isRemembered: fields.defaulted("isRemembered", .boolean, false, "Whether it lasts."))
    }
    static let output = Output<Login>(
        "Login",
        [
            .field("email", "Who.") { $0.email }, .field("password", "The proof.") { $0.password },
            .field("isRemembered", "Whether it lasts.") { $0.isRemembered },
        ])
}

struct Event: Measured {
    var sequence: Int
    var type: String
    var reference: ExecutionID
    var at: Timestamp
    var from: State
    var to: State
    var note: String

    static let input = Input<Event>("Event") { fields in
        Event(
            sequence: fields.required("sequence", .integer(0...Int.max), "Its place."),
            type: fields.required("type", .string(1...50), "What happened."),
            reference: fields.required("reference", .id(ExecutionID.self), "To what."),
            at: fields.required("at", .timestamp, "When."),
            from: fields.required("from", .enumeration(State.self), "The state before."),
            to: fields.required("to", .enumeration(State.self), "The state after."),
            note: fields.required("note", .string(0...500), "In words."))
    }
    static let output = Output<Event>(
        "Event",
        [
            .field("sequence", "Its place.") { $0.sequence }, .field("type", "What happened.") { $0.type },
            .field("reference", "To what.") { $0.reference }, .field("at", "When.") { $0.at },
            .field("from", "The state before.") { $0.from }, .field("to", "The state after.") { $0.to },
            .field("note", "In words.") { $0.note },
        ])
}
