-- What a column may hold is said by its type. PostgreSQL reads a table's CHECKs anew in every statement that writes to the table, which for
-- executions cost more than the row; a domain's is read once a connection. This writes the tables anew, while nobody else may touch them.

LOCK TABLE execution_queue, executions, execution_steps, execution_logs, event_outbox, events, audit_log, idempotency_keys
    IN ACCESS EXCLUSIVE MODE;

CREATE DOMAIN execution_state AS text CHECK (VALUE IN (
    'scheduled', 'queued', 'running', 'waiting', 'paused', 'retry_wait', 'cancelling', 'succeeded', 'failed', 'timed_out', 'cancelled',
    'indeterminate'));
CREATE DOMAIN execution_trigger AS text CHECK (VALUE IN (
    'manual', 'webhook', 'interval', 'cron', 'at', 'event', 'completion_of', 'call'));
CREATE DOMAIN paused_state AS text CHECK (VALUE IN ('scheduled', 'queued', 'waiting', 'retry_wait'));
CREATE DOMAIN attempt_limit AS int CHECK (VALUE BETWEEN 1 AND 20);
CREATE DOMAIN call_depth AS int CHECK (VALUE BETWEEN 0 AND 8);
CREATE DOMAIN priority_level AS int CHECK (VALUE BETWEEN 0 AND 9);
CREATE DOMAIN run_milliseconds AS int CHECK (VALUE BETWEEN 1000 AND 86400000);
CREATE DOMAIN spent_amount AS bigint CHECK (VALUE >= 0);
CREATE DOMAIN concurrency_limit AS int CHECK (VALUE > 0);
CREATE DOMAIN concurrency_key AS text CHECK (char_length(VALUE) BETWEEN 1 AND 100);
CREATE DOMAIN error_class AS text CHECK (char_length(VALUE) BETWEEN 1 AND 40);
CREATE DOMAIN step_key AS text CHECK (char_length(VALUE) BETWEEN 1 AND 200);
CREATE DOMAIN step_effect AS text CHECK (VALUE IN ('pure', 'idempotent', 'unsafe'));
CREATE DOMAIN step_status AS text CHECK (VALUE IN ('started', 'waiting', 'succeeded', 'failed', 'indeterminate', 'abandoned'));
CREATE DOMAIN sha256_hash AS bytea CHECK (octet_length(VALUE) = 32);
CREATE DOMAIN log_level AS text CHECK (VALUE IN ('debug', 'info', 'warn', 'error'));
CREATE DOMAIN event_type AS text CHECK (char_length(VALUE) BETWEEN 1 AND 60);
CREATE DOMAIN event_seq AS bigint CHECK (VALUE > 0);
CREATE DOMAIN actor_kind AS text CHECK (VALUE IN ('user', 'key', 'operator', 'nobody'));
CREATE DOMAIN impersonator_kind AS text CHECK (VALUE IN ('user', 'operator'));
CREATE DOMAIN audit_result AS text CHECK (VALUE IN ('succeeded', 'refused'));
CREATE DOMAIN request_id AS text CHECK (char_length(VALUE) <= 64);
CREATE DOMAIN kept_status AS smallint CHECK (VALUE BETWEEN 200 AND 499);
CREATE DOMAIN kept_body AS bytea CHECK (octet_length(VALUE) <= 2097152);

ALTER TABLE executions
    DROP CONSTRAINT executions_state_check, ALTER COLUMN state TYPE execution_state,
    DROP CONSTRAINT executions_trigger_check, ALTER COLUMN trigger TYPE execution_trigger,
    DROP CONSTRAINT executions_paused_from_check, ALTER COLUMN paused_from TYPE paused_state,
    DROP CONSTRAINT executions_max_attempts_check, ALTER COLUMN max_attempts TYPE attempt_limit,
    DROP CONSTRAINT executions_depth_check, ALTER COLUMN depth TYPE call_depth,
    DROP CONSTRAINT executions_priority_check, ALTER COLUMN priority TYPE priority_level,
    DROP CONSTRAINT executions_timeout_milliseconds_check, ALTER COLUMN timeout_milliseconds TYPE run_milliseconds,
    DROP CONSTRAINT executions_idle_timeout_milliseconds_check, ALTER COLUMN idle_timeout_milliseconds TYPE run_milliseconds,
    DROP CONSTRAINT executions_tokens_check, ALTER COLUMN tokens TYPE spent_amount,
    DROP CONSTRAINT executions_cost_microdollars_check, ALTER COLUMN cost_microdollars TYPE spent_amount,
    DROP CONSTRAINT executions_concurrency_key_check, ALTER COLUMN concurrency_key TYPE concurrency_key,
    DROP CONSTRAINT executions_error_class_check, ALTER COLUMN error_class TYPE error_class,
    DROP CONSTRAINT executions_origin_step_check, ALTER COLUMN origin_step TYPE step_key;

ALTER TABLE execution_queue
    DROP CONSTRAINT execution_queue_lane_limit_check, ALTER COLUMN lane_limit TYPE concurrency_limit,
    DROP CONSTRAINT execution_queue_definition_limit_check, ALTER COLUMN definition_limit TYPE concurrency_limit;

ALTER TABLE execution_steps
    DROP CONSTRAINT execution_steps_step_key_check, ALTER COLUMN step_key TYPE step_key,
    DROP CONSTRAINT execution_steps_effect_check, ALTER COLUMN effect TYPE step_effect,
    DROP CONSTRAINT execution_steps_status_check, ALTER COLUMN status TYPE step_status,
    DROP CONSTRAINT execution_steps_input_hash_check, ALTER COLUMN input_hash TYPE sha256_hash,
    DROP CONSTRAINT execution_steps_tokens_check, ALTER COLUMN tokens TYPE spent_amount,
    DROP CONSTRAINT execution_steps_cost_microdollars_check, ALTER COLUMN cost_microdollars TYPE spent_amount;

ALTER TABLE execution_logs
    DROP CONSTRAINT execution_logs_level_check, ALTER COLUMN level TYPE log_level;

ALTER TABLE event_outbox
    DROP CONSTRAINT event_outbox_type_check, ALTER COLUMN type TYPE event_type;

ALTER TABLE events
    DROP CONSTRAINT events_seq_check, ALTER COLUMN seq TYPE event_seq;

ALTER TABLE audit_log
    DROP CONSTRAINT audit_log_actor_kind_check, ALTER COLUMN actor_kind TYPE actor_kind,
    DROP CONSTRAINT audit_log_impersonator_kind_check, ALTER COLUMN impersonator_kind TYPE impersonator_kind,
    DROP CONSTRAINT audit_log_result_check, ALTER COLUMN result TYPE audit_result,
    DROP CONSTRAINT audit_log_request_id_check, ALTER COLUMN request_id TYPE request_id;

ALTER TABLE idempotency_keys
    DROP CONSTRAINT idempotency_keys_id_check, ALTER COLUMN id TYPE sha256_hash,
    DROP CONSTRAINT idempotency_keys_request_hash_check, ALTER COLUMN request_hash TYPE sha256_hash,
    DROP CONSTRAINT idempotency_keys_status_check, ALTER COLUMN status TYPE kept_status,
    DROP CONSTRAINT idempotency_keys_body_check, ALTER COLUMN body TYPE kept_body;
