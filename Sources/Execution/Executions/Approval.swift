// What awaits the word of a person: a step of `human_approval` as those see it who may answer it, and their answer.

import Base
import JSON
import Tenancy

/// A step that waits for a person.
public struct Approval: Sendable {
    public let execution: ExecutionID
    /// The step, such as `tool[0]`.
    public let step: String
    public let message: String
    public let details: JSONRaw?
    public let approvers: Approvers
    public let askedAt: Timestamp
    /// Until when it waits; `nil` for as long as it takes.
    public let deadline: Timestamp?
    /// The signal that answers it, and which wait of the step that is.
    let signal: String
    let wait: Int

    /// Where a part of the list ended.
    public struct Place: Sendable {
        public let execution: ExecutionID
        public let step: String

        public init(execution: ExecutionID, step: String) {
            self.execution = execution
            self.step = step
        }
    }

    public static let output = Output<Approval>(
        "Approval", "A step that waits for a person.",
        [
            .field("execution_id", "The execution.") { $0.execution },
            .field("step", "Its step.") { $0.step },
            .field("message", "What is asked.") { $0.message },
            .field("details", "What is shown besides.") { $0.details },
            .field("users", "Who may answer; with roles: those besides.") { $0.approvers.users },
            .field("roles", "The roles that may; without both everybody who may change executions.") {
                $0.approvers.roles.map(\.description)
            },
            .field("asked_at", "Since when it waits.") { $0.askedAt },
            .field("deadline", "Until when; null for as long as it takes.") { $0.deadline },
        ])
}

/// The answer of a person.
public struct AnswerApproval: Sendable {
    /// Which step; `nil` for the only one that waits.
    public let step: String?
    public let isApproved: Bool
    public let comment: String

    public init(step: String? = nil, isApproved: Bool, comment: String = "") {
        self.step = step
        self.isApproved = isApproved
        self.comment = comment
    }

    public static let input = Input<AnswerApproval>("AnswerApproval", "The answer of a person.") { fields in
        AnswerApproval(
            step: fields.optional("step", .string(1...Journal.keyLimit), "Which step; left out: the only one that waits."),
            isApproved: fields.required("approved", .boolean, "Whether it is approved."),
            comment: fields.defaulted("comment", .string(0...2_000), "", "What is said besides."))
    }
}
