// Rows of every table for one tenant, written past all policies. A new table needs its row here: the tests fail without one.

import Base
import InsulaTesting
import Postgres

/// A tenant that has something everywhere.
struct Household {
    let tenant = TenantID.make()
    let uuid: String

    /// Moves in.
    init(_ superuser: BlockingConnection) throws {
        uuid = tenant.uuid.description
        let agent = AgentID.make().uuid.description
        let execution = ExecutionID.make().uuid.description
        let slug = "t" + tenant.description.suffix(26)
        let rows: [(String, [String])] = Household.house(agent, execution, slug) + Household.work(agent, execution)
        for (row, further) in rows { _ = try superuser.rows("INSERT INTO \(row)", [uuid] + further) }
    }

    /// Who lives there, and what they may.
    private static func house(_ agent: String, _ execution: String, _ slug: String) -> [(String, [String])] {
        [
            ("tenants (tenant_id, slug, name, signing_key) VALUES ($1, $2, 'T', sha256('t'))", [slug]),
            ("roles (tenant_id, id, name, scopes) VALUES ($1, $2, 'r', '{}')", [agent]),
            ("users (tenant_id, id, username, email, role_id, password_hash) VALUES ($1, $2, 'u', 'u@v.w', $2, 'x')", [agent]),
            ("api_keys (tenant_id, id, name, role_id, hash) VALUES ($1, $2, 'k', $2, sha256('k'))", [agent]),
            (
                "definitions (tenant_id, id, kind, name, description, state, version) VALUES ($1, $2, 'agent', 'a', '', 'running', 1)",
                [agent]
            ),
            (
                """
                sessions (tenant_id, id, user_id, kind, amr, idle_seconds, expires_at)
                VALUES ($1, $2, $3, 'token', '{pwd}', 60, now() + interval '1 day')
                """, [execution, agent]
            ),
            ("devices (tenant_id, id, user_id, hash) VALUES ($1, $2, $2, sha256('d'))", [agent]),
            ("recovery_codes (tenant_id, id, user_id, hash) VALUES ($1, $2, $2, sha256('c'))", [agent]),
            (
                """
                account_links (tenant_id, id, user_id, purpose, hash, expires_at)
                VALUES ($1, $2, $2, 'verify_email', sha256('l'), now() + interval '1 day')
                """, [agent]
            ),
            (
                """
                invitations (tenant_id, id, email, role_id, hash, expires_at)
                VALUES ($1, $2, 'i@v.w', $2, sha256('i'), now() + interval '1 day')
                """, [agent]
            ),
            (
                """
                audit_log (tenant_id, id, at, action, result, actor_kind, request_id, details)
                VALUES ($1, $2, now(), 'a', 'succeeded', 'nobody', 'r', '{}')
                """, [agent]
            ),
            (
                "idempotency_keys (tenant_id, id, request_hash, status, body) VALUES ($1, sha256($2::bytea), sha256('r'), 200, '')",
                [agent]
            ),
        ]
    }

    /// What they have run, and when.
    private static func work(_ agent: String, _ execution: String) -> [(String, [String])] {
        [
            ("mail_outbox (tenant_id, id, recipient, subject, body) VALUES ($1, $2, 'r', 's', 'b')", [agent]),
            ("definition_versions (tenant_id, definition_id, version, body) VALUES ($1, $2, 1, '{}')", [agent]),
            (
                """
                executions (tenant_id, id, definition_id, definition_version, state, trigger, input, max_attempts, timeout_milliseconds)
                VALUES ($1, $2, $3, 1, 'queued', 'manual', '{}', 3, 1000)
                """, [execution, agent]
            ),
            ("execution_queue (tenant_id, execution_id, definition_id) VALUES ($1, $2, $3)", [execution, agent]),
            (
                """
                execution_steps (tenant_id, execution_id, step_key, tool, effect, input_hash, input, status, attempt, epoch)
                VALUES ($1, $2, 's', 'ping', 'pure', sha256('i'), '{}', 'started', 1, 1)
                """, [execution]
            ),
            ("datasets (tenant_id, id, name, description) VALUES ($1, $2, 'd', '')", [agent]),
            ("dataset_records (tenant_id, dataset_id, key, body, bytes) VALUES ($1, $2, 'k', '{}', 3)", [agent]),
            (
                "execution_logs (tenant_id, execution_id, seq, level, message, metadata) VALUES ($1, $2, 1, 'info', 'm', '{}')",
                [execution]
            ),
            ("event_outbox (tenant_id, type, ref, payload) VALUES ($1, 'execution.queued', $2, '{}')", [execution]),
            ("events (tenant_id, seq, type, ref, payload, at) VALUES ($1, 1, 'execution.queued', $2, '{}', now())", [execution]),
            (
                """
                schedules (tenant_id, id, definition_id, name, kind, trigger, input, missed, overlap, state, anchor_at)
                VALUES ($1, $2, $2, 's', 'interval', '{}', '{}', '{}', 'skip', 'paused', now())
                """, [agent]
            ),
            ("schedule_fires (tenant_id, schedule_id, planned_at, outcome) VALUES ($1, $2, now(), 'buffered')", [agent]),
            ("model_spending (tenant_id, month) VALUES ($1, '2026-01-01')", []),
            (
                """
                model_reservations (tenant_id, execution_id, question, month, microdollars)
                VALUES ($1, $2, 'q', '2026-01-01', 1)
                """, [execution]
            ),
            ("event_sequences (tenant_id, last_seq) VALUES ($1, 1)", []),
            (
                """
                notifications (tenant_id, id, execution_id, step_key, subject, recipients)
                VALUES ($1, $2, $2, 's', 's', '{user}')
                """, [execution]
            ),
            ("queue_shares (tenant_id, served) VALUES ($1, 1)", []),
            ("execution_trees (tenant_id, root_id, descendants) VALUES ($1, $2, 1)", [execution]),
            ("execution_signals (tenant_id, execution_id, id, name, payload) VALUES ($1, $2, 's', 'n', '{}')", [execution]),
        ]
    }
}
