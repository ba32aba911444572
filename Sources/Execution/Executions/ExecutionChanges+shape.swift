// What callers send to change executions, and what they are answered.

import Base
import JSON

/// A message from outside to an execution.
public struct ExecutionSignal: Sendable {
    /// What tells it from every other signal to the same execution; `nil` makes one up.
    public let id: String?
    public let name: String
    public let payload: JSONRaw

    public init(id: String? = nil, name: String, payload: JSONRaw = .null) {
        self.id = id
        self.name = name
        self.payload = payload
    }

    public static let input = Input<ExecutionSignal>("ExecutionSignal", "A message to an execution.") { fields in
        let signal = ExecutionSignal(
            id: fields.optional(
                "id", .string(1...100, format: .line), "The sender's own id: the same twice is one signal. Left out: a new one."),
            name: fields.required("name", .string(1...Wait.nameLimit, format: .line), "What steps wait for."),
            payload: fields.defaulted(
                "payload", .rawJSON(bytes: Executions.signalBytes, depth: RunInput.levels), .null, "What the step is given."))
        fields.refuse(
            "id", .format, "Ids that begin so are those of answers.",
            when: signal.id?.hasPrefix(HumanApprovalTool.signalPrefix) == true)
        fields.refuse(
            "name", .format, "Approvals are answered by persons, each by its own endpoint.",
            when: signal.name.hasPrefix(HumanApprovalTool.signalPrefix))
        return signal
    }
}

/// A signal that was taken in.
public struct KeptSignal: Sendable {
    public let id: String
    public let name: String
    /// Whether it was not there before.
    public let isNew: Bool

    public static let output = Output<KeptSignal>(
        "KeptSignal", "A message that waits to be taken by a step.",
        [
            .field("id", "What tells it from other signals.") { $0.id },
            .field("name", "What steps wait for.") { $0.name },
            .field("is_new", "Whether it was not there before.") { $0.isNew },
        ])
}

/// What became of a step of which nobody knew.
public struct ResolveExecution: Sendable {
    public enum Action: String, Sendable, CaseIterable, JSONRepresentable {
        /// It had no effect: it is run again.
        case retry
        /// It had its effect: the run goes on with this output.
        case skip
        /// The execution has failed.
        case fail
    }

    public let action: Action
    public let output: JSONRaw

    public init(_ action: Action, output: JSONRaw = .null) {
        self.action = action
        self.output = output
    }

    public static let input = Input<ResolveExecution>("ResolveExecution", "What became of a step of which nobody knew.") {
        fields in
        ResolveExecution(
            fields.required(
                "action", .enumeration(Action.self),
                "retry: it had no effect and is run again; skip: it had its effect and the run goes on; fail: the execution fails."
            ),
            output: fields.defaulted(
                "output", .rawJSON(bytes: Journal.stepOutputBytes, depth: Journal.outputDepth), .null,
                "With skip: what the step came to."))
    }
}

/// Where a new execution begins that repeats another.
public struct ForkExecution: Sendable {
    public let step: String

    public static let input = Input<ForkExecution>("ForkExecution", "Where a repetition begins.") { fields in
        ForkExecution(
            step: fields.required(
                "step", .string(1...Journal.keyLimit, format: .line), "The key of the first step that is run again."))
    }
}

/// A choice of executions that something is done to.
public struct ManyExecutions: Sendable {
    public let filter: ExecutionFilter
    /// Only those made before this moment.
    public let createdBefore: Timestamp?
    public let limit: Int

    public init(_ filter: ExecutionFilter, createdBefore: Timestamp? = nil, limit: Int = 100) {
        self.filter = filter
        self.createdBefore = createdBefore
        self.limit = limit
    }

    public static let input = Input<ManyExecutions>("ManyExecutions", "Which executions are meant.") { fields in
        let many = ManyExecutions(
            ExecutionFilter(
                of: fields.definition(),
                states: fields.optional(
                    "states", .array(of: .enumeration(ExecutionState.self), 1...12), "Only executions in one of these states.")
                    ?? [],
                trigger: fields.optional("trigger", .enumeration(ExecutionTrigger.self), "Only those that came to be by this."),
                errorClass: fields.optional("error_class", .enumeration(ErrorClass.self), "Only those with this sort of error.")),
            createdBefore: fields.optional("created_before", .timestamp, "Only those that were made before."),
            limit: fields.defaulted("limit", .integer(Executions.manyLimits), 100, "How many at most, the oldest first."))
        fields.refuse(
            "states", .required,
            "Say which executions: by their states, by what they run, by trigger, by error class, or by when they were made.",
            when: many.filter.isEmpty && many.createdBefore == nil)
        return many
    }
}

/// What was done to many.
public struct ManyChanged: Sendable {
    /// Those that were cancelled, or those that were made.
    public let ids: [ExecutionID]
    public let hasMore: Bool

    public static let output = Output<ManyChanged>(
        "ManyChanged", "Executions to which something was done.",
        [
            .field("ids", "Those that were cancelled, or the new ones.") { $0.ids },
            .field("has_more", "Whether the filter chooses more than that.") { $0.hasMore },
        ])
}
