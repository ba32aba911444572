// Every table that holds rows of tenants, each behind those that it refers to: exports go from the first to the last, removal from the last
// to the first. A new table comes with a row here, or the tests fail.

extension TenantTable {
    /// The tables, in an order in which references point back.
    public static let all: [TenantTable] = people + work + datasets

    private static let people: [TenantTable] = [
        TenantTable(
            "tenants", as: "tenant", key: [("tenant_id", "uuid")],
            [
                ("tenant_id", .id("tenant")), ("slug", .text), ("name", .text), ("plan", .text), ("state", .text),
                ("settings", .json), ("quotas", .json), ("revision", .number), ("created_at", .time), ("updated_at", .time),
                ("suspended_at", .time), ("deletes_at", .time), ("confirm_by", .time),
            ], omitting: ["signing_key"]),
        TenantTable(
            "roles", as: "role",
            [
                ("id", .id("role")), ("name", .text), ("description", .text), ("scopes", .texts), ("revision", .number),
                ("created_at", .time), ("updated_at", .time),
            ]),
        TenantTable(
            "users", as: "user",
            [
                ("id", .id("user")), ("username", .text), ("email", .text), ("name", .text), ("role", .text),
                ("role_id", .id("role")), ("state", .text), ("email_verified_at", .time), ("password_changed_at", .time),
                ("must_change_password", .flag), ("last_login_at", .time), ("totp_confirmed_at", .time), ("revision", .number),
                ("created_at", .time), ("updated_at", .time),
            ], omitting: ["password_hash", "totp_secret", "totp_last_step"]),
        TenantTable(
            "api_keys", as: "key",
            [
                ("id", .id("key")), ("name", .text), ("role", .text), ("role_id", .id("role")), ("scopes", .texts),
                ("allowed_addresses", .texts), ("requests_per_minute", .number), ("created_by", .id("user")),
                ("created_at", .time), ("expires_at", .time), ("revoked_at", .time), ("last_used_at", .time),
                ("previous_until", .time), ("revision", .number),
            ], omitting: ["hash", "previous_hash"]),
        TenantTable(
            "sessions", as: "session",
            [
                ("id", .id("sess")), ("user_id", .id("user")), ("kind", .text), ("refreshed_at", .time), ("amr", .texts),
                ("authenticated_at", .time), ("created_at", .time), ("last_used_at", .time), ("idle_seconds", .number),
                ("expires_at", .time), ("ended_at", .time), ("end_reason", .text), ("address", .text), ("user_agent", .text),
                ("impersonator_kind", .text), ("reason", .text),
            ], omitting: ["hash", "refresh_counter", "impersonator_id", "begun_from"]),
        TenantTable(
            "devices", as: "device",
            [("user_id", .id("user")), ("created_at", .time), ("last_used_at", .time)], omitting: ["id", "hash"]),
        TenantTable("recovery_codes", omitting: ["id", "user_id", "hash", "used_at"]),
        TenantTable(
            "account_links", as: "account_link",
            [
                ("user_id", .id("user")), ("purpose", .text), ("email", .text), ("created_at", .time), ("expires_at", .time),
                ("used_at", .time),
            ], omitting: ["id", "hash"]),
        TenantTable(
            "invitations", as: "invitation",
            [
                ("id", .id("inv")), ("email", .text), ("role", .text), ("role_id", .id("role")), ("invited_by", .id("user")),
                ("created_at", .time), ("expires_at", .time), ("accepted_at", .time), ("revoked_at", .time),
            ], omitting: ["hash"]),
        // What was in it stays sealed.
        TenantTable(
            "mail_outbox", as: "mail",
            [("state", .text), ("attempts", .number), ("created_at", .time), ("finished_at", .time)],
            omitting: ["id", "recipient", "subject", "body", "next_attempt_at", "node_id", "last_failure"]),
        TenantTable("idempotency_keys", omitting: ["id", "request_hash", "status", "revision", "body", "expires_at"]),
        TenantTable(
            "audit_log", as: "audit_entry",
            [
                ("id", .id("audit")), ("at", .time), ("action", .text), ("result", .text), ("actor_kind", .text),
                ("actor_id", .id("")), ("impersonator_kind", .text), ("impersonator_id", .id("")), ("target_id", .id("")),
                ("address", .text), ("request_id", .text), ("details", .json),
            ]),
    ]

    private static let datasets: [TenantTable] = [
        TenantTable(
            "datasets", as: "dataset",
            [
                ("id", .id("dataset")), ("name", .text), ("description", .text), ("record_count", .number), ("bytes", .number),
                ("revision", .number), ("created_at", .time), ("updated_at", .time),
            ], omitting: ["deleted_at"]
        ).without("deleted_at IS NOT NULL"),
        TenantTable(
            "dataset_records", as: "dataset_record", key: [("dataset_id", "uuid"), ("key", "text")],
            [
                ("dataset_id", .id("dataset")), ("key", .text), ("body", .json), ("created_at", .time), ("updated_at", .time),
            ], omitting: ["bytes"], pageRows: 100
        ).without("dataset_id IN (SELECT d.id FROM datasets d WHERE d.deleted_at IS NOT NULL)"),
    ]

    private static let work: [TenantTable] = [
        TenantTable(
            "definitions", as: "definition",
            [
                ("id", .definition), ("kind", .text), ("name", .text), ("description", .text), ("state", .text),
                ("version", .number), ("revision", .number), ("created_at", .time), ("updated_at", .time),
            ]),
        TenantTable(
            "definition_versions", as: "definition_version", key: [("definition_id", "uuid"), ("version", "int")],
            [("definition_id", .definition), ("version", .number), ("body", .json), ("created_at", .time)], pageRows: 20),
        TenantTable(
            "executions", as: "execution",
            [
                ("id", .id("exec")), ("definition_id", .definition), ("definition_version", .number), ("state", .text),
                ("trigger", .text), ("input", .json), ("output", .json), ("error", .json), ("attempt", .number),
                ("max_attempts", .number), ("timeout_milliseconds", .number), ("created_at", .time), ("started_at", .time),
                ("finished_at", .time), ("updated_at", .time), ("parent_id", .id("exec")), ("depth", .number),
                ("tokens", .number), ("cost_microdollars", .number), ("priority", .number), ("concurrency_key", .text),
                ("start_at", .time), ("idle_timeout_milliseconds", .number), ("deadline_at", .time),
                ("rested_milliseconds", .number), ("error_class", .text), ("origin_id", .id("exec")), ("origin_step", .text),
            ], omitting: ["rested_since", "paused_from", "epoch"], pageRows: 20),
        // What waits and who works on it is told by the executions.
        TenantTable(
            "execution_queue",
            omitting: [
                "execution_id", "definition_id", "ready_at", "epoch", "crash_count", "node_id", "lease_expires_at",
                "cancel_requested", "priority", "lane", "lane_limit", "definition_limit", "is_paused", "starts_by", "expires_at",
                "parent_id", "waits_for", "awaits",
            ]),
        TenantTable("queue_shares", omitting: ["served", "is_full"]),
        TenantTable("execution_trees", omitting: ["root_id", "descendants"]),
        TenantTable(
            "model_spending", as: "model_spending", key: [("month", "date")],
            [("month", .text), ("spent", .number), ("reserved", .number)]),
        TenantTable("model_reservations", omitting: ["execution_id", "question", "month", "microdollars"]),
        TenantTable(
            "execution_signals", as: "execution_signal", key: [("execution_id", "uuid"), ("id", "text")],
            [
                ("execution_id", .id("exec")), ("id", .text), ("name", .text), ("payload", .json), ("at", .time),
                ("taken_by", .text), ("sender", .text),
            ], omitting: ["seq", "taken_wait"], pageRows: 50),
        TenantTable(
            "execution_steps", as: "execution_step", key: [("execution_id", "uuid"), ("step_key", "text")],
            [
                ("execution_id", .id("exec")), ("step_key", .text), ("tool", .text), ("effect", .text), ("input", .json),
                ("status", .text), ("attempt", .number), ("output", .json), ("error", .json), ("started_at", .time),
                ("finished_at", .time), ("tokens", .number), ("cost_microdollars", .number), ("wait", .json),
            ], omitting: ["input_hash", "epoch", "waits"], pageRows: 20),
        TenantTable(
            "notifications", as: "notification",
            [
                ("id", .id("notif")), ("execution_id", .id("exec")), ("step_key", .text), ("subject", .text),
                ("recipients", .texts), ("created_at", .time),
            ]),
        TenantTable(
            "execution_logs", as: "execution_log_line", key: [("execution_id", "uuid"), ("seq", "bigint")],
            [
                ("execution_id", .id("exec")), ("seq", .number), ("at", .time), ("level", .text), ("message", .text),
                ("metadata", .json),
            ], pageRows: 100),
        TenantTable(
            "schedules", as: "schedule",
            [
                ("id", .id("sched")), ("definition_id", .definition), ("name", .text), ("kind", .text), ("trigger", .json),
                ("input", .json), ("missed", .json), ("overlap", .text), ("state", .text), ("anchor_at", .time),
                ("next_fire_at", .time), ("last_execution_id", .id("exec")), ("last_fired_at", .time), ("created_at", .time),
                ("updated_at", .time), ("revision", .number),
            ], omitting: ["due_at", "claimed_until", "event_seq"]
        ).without("state = 'deleted'"),
        TenantTable(
            "schedule_fires", as: "schedule_fire",
            key: [("schedule_id", "uuid"), ("planned_at", "timestamptz"), ("event_seq", "bigint")],
            [
                ("schedule_id", .id("sched")), ("planned_at", .time), ("event_seq", .number), ("outcome", .text),
                ("reason", .text),
                ("until", .time), ("execution_id", .id("exec")), ("fired_at", .time), ("depth", .number),
            ]
        ).without("schedule_id IN (SELECT s.id FROM schedules s WHERE s.state = 'deleted')"),
        // What is not numbered yet will be an event in a moment.
        TenantTable("event_outbox", omitting: ["id", "type", "ref", "payload", "at"]),
        TenantTable(
            "events", as: "event", key: [("seq", "bigint")],
            [("seq", .number), ("type", .text), ("ref", .id("")), ("payload", .json), ("at", .time)],
            // It stands in the payload.
            omitting: ["definition_id"]),
        TenantTable("event_sequences", omitting: ["last_seq"]),
    ]
}
