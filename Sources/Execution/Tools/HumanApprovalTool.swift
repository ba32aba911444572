// `human_approval`: asks people of the tenant, and rests until one of them has answered or nobody did in time. Who may answer and what
// happens without an answer is the blueprint's alone to say. When it is asked there has to be somebody who may answer. What awaits an answer is listed, and answered, by `Executions+approvals`.
// Bounds: `deadlineSeconds`, `approverLimit`, `messageCharacters`, `detailBytes`.

import Base
import Crypto
import JSON
import Postgres
import Tenancy

/// Asks people.
struct HumanApprovalTool: Tool {
    static let toolName = "human_approval"
    static let deadlineSeconds = 1...7_776_000
    static let approverLimit = 50
    static let messageCharacters = 2_000
    static let detailBytes = 16 << 10
    /// Signals of such names are sent by answers alone.
    static let signalPrefix = "approval:"

    private static let mostSignalCharacters = 80

    /// What happens when nobody answers.
    enum Silence: String, Sendable, CaseIterable {
        case fail, approve, reject
    }

    struct Arguments: Sendable {
        let message: String
        let details: JSONRaw?
        let approvers: Approvers
        let deadlineSeconds: Int?
        let silence: Silence
    }

    struct Answer: Sendable {
        let isApproved: Bool
        let comment: String
        let sender: String?
    }

    let name = HumanApprovalTool.toolName
    let version = "1.0.0"
    let summary = "Asks people of the tenant, and goes on when one of them has answered."
    let category = "control"
    let effect = Effect.pure
    let configuration = HumanApprovalTool.declaration("HumanApprovalConfiguration", isCall: false)
    let arguments = HumanApprovalTool.declaration("HumanApprovalArguments", isCall: true)
    var fixedNames: Set<String> { ["users", "roles", "deadline_seconds", "at_deadline"] }
    var keepsConfiguration: Bool { true }

    static let answer = Output<Answer>(
        "ApprovalAnswer", "What was said.",
        [
            .field("approved", "Whether it was approved.") { $0.isApproved },
            .field("comment", "What was said besides.") { $0.comment },
            .field("by", "The person; null when nobody answered in time.") { $0.sender },
        ])

    var output: SchemaNode { HumanApprovalTool.answer.schema }

    let examples = [
        ToolExample(
            "Ask an admin, and take silence for a no",
            configuration: [
                "message": "Send the letters?", "roles": ["owner", "admin"], "deadline_seconds": 86_400, "at_deadline": "reject",
            ],
            input: ["details": ["letters": 12]])
    ]

    private static func declaration(_ name: String, isCall: Bool) -> Input<Arguments> {
        Input<Arguments>(name, "What is asked, of whom, and until when.") { fields in
            let text = StringShape(1...messageCharacters)
            let message =
                isCall
                ? fields.required("message", text, "What people are asked.")
                : fields.optional("message", text, "What people are asked.") ?? ""
            let arguments = Arguments(
                message: message,
                details: fields.optional("details", .rawJSON(bytes: detailBytes), "What they are shown besides."),
                approvers: Approvers(
                    users: fields.defaulted(
                        "users", .array(of: IDShape<UserKind>(), 0...approverLimit), [],
                        "Who may answer; with roles: those besides."),
                    roles: fields.defaulted(
                        "roles", .array(of: role, 0...approverLimit), [],
                        "The roles that may answer; without users and roles everybody who may change executions."
                    ).compactMap { RoleReference($0) }),
                deadlineSeconds: fields.optional(
                    "deadline_seconds", .integer(deadlineSeconds),
                    "How long to wait for an answer; without it, as long as it takes."),
                silence: fields.defaulted(
                    "at_deadline", .enumeration(Silence.self), .fail, "What happens when nobody has answered by then."))
            return arguments
        }
    }

    static let role = StringShape(1...64).refined(
        .format, "A role is owner, admin, member, viewer, or the id of a custom role."
    ) { RoleReference($0) != nil }

    /// The signal that answers the step.
    static func signal(for stepKey: String) -> String {
        let name = signalPrefix + stepKey
        return name.count <= mostSignalCharacters ? name : signalPrefix + SHA256.digest(Array(stepKey.utf8)).description
    }

    /// - Throws: permanent, naming `users` or `roles`, when nobody could answer: there would be nothing to wait for.
    private func checkApprovers(_ approvers: Approvers, _ context: ToolContext) async throws(StepFailure) {
        guard let store = context.store else { preconditionFailure("people are asked by a call of a run") }
        let needed = approvers.rightsNeeded
        let isThere: Bool?
        do throws(Fault) {
            isThere = try await store.database.once(store.scope).first(
                ApprovalStatements.isAnswerable, approvers.isAnybody, approvers.users,
                approvers.roles.compactMap(\.builtIn?.rawValue), approvers.roles.compactMap(\.custom),
                Role.allCases.filter { $0.rights.contains(Rights(needed)) }.map(\.rawValue), needed.map(\.rawValue))
        } catch {
            throw StepFailure(error)
        }
        guard isThere != true else { return }
        let words =
            approvers.isAnybody
            ? "No active member of the tenant may change executions, so nobody could answer."
            : "None of those who are named is an active member of the tenant who may see executions, so nobody could answer."
        throw StepFailure(.invalid(approvers.users.isEmpty ? "roles" : "users", "reference", words))
    }

    func call(_ arguments: Arguments, in context: ToolContext) async throws(StepFailure) -> JSONValue {
        switch context.resumption {
        case .signal(_, let payload, let sender)?:
            guard let value = try? JSONValue(parsing: payload.bytes), let isApproved = value["approved"]?.bool else {
                throw StepFailure(Fault(.internalError, "The answer could not be read."), .permanent)
            }
            return try HumanApprovalTool.answer.value(
                Answer(isApproved: isApproved, comment: value["comment"]?.string ?? "", sender: sender))
        case .deadlinePassed?:
            guard arguments.silence != .fail else {
                throw StepFailure(Fault(.timedOut, "Nobody answered in time."), .permanent)
            }
            return try HumanApprovalTool.answer.value(
                Answer(isApproved: arguments.silence == .approve, comment: "", sender: nil))
        default:
            try await checkApprovers(arguments.approvers, context)
            let deadline = arguments.deadlineSeconds.map {
                Timestamp(microseconds: context.clock.now.microseconds + Int64($0) * 1_000_000)
            }
            throw StepFailure.suspended(.signal(HumanApprovalTool.signal(for: context.stepKey), deadline: deadline))
        }
    }
}

/// Who may answer.
public struct Approvers: Sendable, Hashable {
    public let users: [UserID]
    public let roles: [RoleReference]

    /// Whether nobody is named.
    var isAnybody: Bool { users.isEmpty && roles.isEmpty }

    /// What somebody has to hold to answer; one who is not named, more.
    var rightsNeeded: [Right] { isAnybody ? [.executionsRead, .executionsWrite] : [.executionsRead] }

    /// Whether somebody may, who has this role.
    func include(_ user: UserID, _ role: RoleReference) -> Bool {
        isAnybody || users.contains(user) || roles.contains(role)
    }
}
