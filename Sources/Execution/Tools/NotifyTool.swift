// `notify`: a message to people of the tenant, by mail. It is written into the outbox in the transaction that finishes the step, so that
// one message leaves exactly when the step has succeeded. Nobody who is not a member of the tenant gets one,
// and who gets one is the blueprint's alone to say.
// Bounds: `recipientLimit` people a message, `hourlyLimit` mails a tenant and hour, `subjectCharacters`, `textCharacters`.

import Base
import JSON
import Mail
import Postgres
import Tenancy

/// Writes to people.
struct NotifyTool: TransactionalTool {
    static let recipientLimit = 50
    static let hourlyLimit = 500
    static let subjectCharacters = 150
    static let textCharacters = 10_000

    struct Arguments: Sendable {
        let users: [UserID]
        let roles: [RoleReference]
        let subject: String
        let text: String
    }

    struct Sent: Sendable {
        let id: NotificationID
        let recipients: [UserID]
    }

    private let outbox: MailOutbox

    init(outbox: MailOutbox) {
        self.outbox = outbox
    }

    let name = "notify"
    let version = "1.0.0"
    let summary = "Sends a message to people of the tenant by mail."
    let category = "communication"
    let configuration = NotifyTool.declaration("NotifyConfiguration", isCall: false)
    let arguments = NotifyTool.declaration("NotifyArguments", isCall: true)
    var fixedNames: Set<String> { ["users", "roles"] }
    var keepsConfiguration: Bool { true }

    static let sent = Output<Sent>(
        "Notification", "A message that is on its way.",
        [
            .field("notification_id", "What it is called in events.") { $0.id },
            .field("recipients", "Who gets it.") { $0.recipients },
        ])

    var output: SchemaNode { NotifyTool.sent.schema }

    let examples = [
        ToolExample(
            "Tell the admins", configuration: ["roles": ["owner", "admin"], "subject": "The import is done"],
            input: ["text": "All 12 files were read."])
    ]

    private static func declaration(_ name: String, isCall: Bool) -> Input<Arguments> {
        Input<Arguments>(name, "A message, and who gets it.") { fields in
            let users = fields.defaulted(
                "users", .array(of: IDShape<UserKind>(), 0...recipientLimit), [], "Members of the tenant.")
            let roles = fields.defaulted(
                "roles", .array(of: HumanApprovalTool.role, 0...recipientLimit), [], "Everybody of these roles.")
            let line = StringShape(1...subjectCharacters, format: .line)
            let text = StringShape(1...textCharacters)
            let arguments = Arguments(
                users: users, roles: roles.compactMap { RoleReference($0) },
                subject: isCall
                    ? fields.required("subject", line, "The subject.") : fields.optional("subject", line, "The subject.") ?? "",
                text: isCall ? fields.required("text", text, "The message.") : fields.optional("text", text, "The message.") ?? ""
            )
            fields.refuse(
                "users", .required, "One of users and roles is required.", when: isCall && users.isEmpty && roles.isEmpty)
            return arguments
        }
    }

    func call(
        _ arguments: Arguments, in context: ToolContext, within session: Session
    ) async throws(StepFailure) -> JSONValue {
        do throws(Fault) {
            let sent = try await send(arguments, context, session)
            return try JSONValue(parsing: NotifyTool.sent.bytes(sent))
        } catch {
            throw StepFailure(error)
        }
    }

    private func send(_ arguments: Arguments, _ context: ToolContext, _ session: Session) async throws(Fault) -> Sent {
        // Whoever writes waits for the others of his tenant, and only then counts.
        try await session.execute(NotificationStatements.lock, context.tenant)
        let members = try await session.query(
            NotificationStatements.members, arguments.users, arguments.roles.compactMap(\.builtIn?.rawValue),
            arguments.roles.compactMap(\.custom), NotifyTool.recipientLimit + 1)
        if let stranger = arguments.users.first(where: { user in !members.contains { $0.id == user } }),
            members.count <= NotifyTool.recipientLimit
        {
            throw .invalid("users", "reference", "\(stranger) is no active member of the tenant.")
        }
        guard !members.isEmpty else { throw .invalid("roles", "reference", "Nobody has this role.") }
        guard members.count <= NotifyTool.recipientLimit else {
            throw Fault(.limitReached, "A message goes to at most \(NotifyTool.recipientLimit) people.")
        }
        let count = try await session.first(NotificationStatements.lastHour) ?? 0
        guard count + members.count <= NotifyTool.hourlyLimit else {
            throw Fault(.limitReached, "A tenant's runs send at most \(NotifyTool.hourlyLimit) mails an hour.")
        }
        let tenant = try await session.first(NotificationStatements.tenant, context.tenant) ?? ""
        let id = NotificationID.make()
        var batch = session.batch()
        batch.add(
            NotificationStatements.create, context.tenant, id, context.execution, context.stepKey, arguments.subject,
            members.map(\.id.description))
        for member in members {
            guard let address = MailAddress(member.email) else { continue }
            outbox.enqueue(
                try MailMessage(
                    to: address, subject: "[\(tenant)] \(arguments.subject)",
                    text: """
                        \(arguments.text)

                        --
                        An automatic message of \(tenant), from \(context.execution).
                        """),
                tenant: context.tenant, into: &batch)
        }
        _ = try await batch.run()
        return Sent(id: id, recipients: members.map(\.id))
    }
}

enum NotificationStatements {
    static let all: [any AnyStatement] = [lock, members, lastHour, tenant, create]

    static let lock = Statement<Void, TenantID>(
        "lock the notifications of a tenant", "SELECT pg_advisory_xact_lock(hashtextextended($1::text, 11))")

    static let members = Statement<(id: UserID, email: String), [UserID], [String], [RoleID], Int>(
        "members to notify",
        """
        SELECT id, email FROM users
        WHERE state = 'active' AND (id = ANY ($1) OR role = ANY ($2) OR role_id = ANY ($3)) ORDER BY id LIMIT $4
        """
    ) { row throws(Fault) in (id: try row.value(0), email: try row.value(1)) }

    static let lastHour = Statement<Int>(
        "mails of the last hour",
        """
        SELECT coalesce(sum(cardinality(recipients)), 0)::bigint FROM notifications
        WHERE created_at > clock_timestamp() - interval '1 hour'
        """
    ) { row throws(Fault) in try row.value(0) }

    static let tenant = Statement<String, TenantID>(
        "name of a tenant", "SELECT name FROM tenants WHERE tenant_id = $1"
    ) { row throws(Fault) in try row.value(0) }

    static let create = Statement<Void, TenantID, NotificationID, ExecutionID, String, String, [String]>(
        "create notification",
        """
        WITH made AS (
            INSERT INTO notifications (tenant_id, id, execution_id, step_key, subject, recipients)
            VALUES ($1, $2, $3, $4, $5, $6)
            RETURNING *
        )
        INSERT INTO event_outbox (tenant_id, type, ref, payload)
        SELECT tenant_id, 'notification.created', id,
            jsonb_build_object('execution_id', execution_id, 'subject', subject, 'recipients', cardinality(recipients))
        FROM made
        """)
}
