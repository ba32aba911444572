// What the tenant's executions of a time came to, in one statement, so that all figures are of one moment. Ids begin with the moment at
// which they were made: the newest are found by the primary key, whatever the history holds.
// Bounds: `rowLimit` executions are looked at, `groupLimit` kinds of failure and definitions told, `exampleLimit` examples of each.

import Base
import JSON
import Postgres

enum InsightStatement {
    static let rowLimit = 50_000
    static let groupLimit = 20
    static let exampleLimit = 3

    /// The least id of an execution made at `moment` or later.
    static func bound(_ moment: Timestamp) -> ExecutionID {
        ExecutionID(UUIDBits(high: UInt64(max(0, moment.microseconds / 1000)) << 16, low: 0))
    }

    private static let milliseconds = "(extract(epoch FROM finished_at - started_at) * 1000)::bigint - rested_milliseconds"

    private static func quantiles(_ value: String) -> String {
        """
        jsonb_build_object(
            'count', count(\(value)), 'p50', percentile_disc(0.5) WITHIN GROUP (ORDER BY \(value)),
            'p90', percentile_disc(0.9) WITHIN GROUP (ORDER BY \(value)),
            'p99', percentile_disc(0.99) WITHIN GROUP (ORDER BY \(value)), 'max', max(\(value)))
        """
    }

    /// The report on what was made since `$1`, but for `$2`.
    static let report = Statement<JSONBytes, ExecutionID, ExecutionID>(
        "report on executions",
        """
        WITH recent AS MATERIALIZED (
            SELECT id, definition_id, state, attempt, tokens, cost_microdollars, error, finished_at,
                CASE WHEN state = 'succeeded' THEN \(milliseconds) END AS run_milliseconds,
                (extract(epoch FROM started_at - coalesce(start_at, created_at)) * 1000)::bigint AS queue_milliseconds,
                state = ANY (\(RunStatements.terminal)) AS is_over
            FROM executions WHERE id >= $1 AND id <> $2 ORDER BY id DESC LIMIT \(rowLimit + 1)
        ), failed AS MATERIALIZED (
            SELECT coalesce(error ->> 'code', state) AS code, id, definition_id, error ->> 'message' AS message, finished_at,
                row_number() OVER (PARTITION BY coalesce(error ->> 'code', state) ORDER BY id DESC) AS number
            FROM recent WHERE state IN ('failed', 'timed_out', 'indeterminate')
        )
        SELECT jsonb_build_object(
            'total', (SELECT count(*) FROM recent),
            'by_state', (SELECT coalesce(jsonb_object_agg(state, count), '{}')
                FROM (SELECT state, count(*) FROM recent GROUP BY state) s),
            'failures', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'code', code, 'count', count,
                    'examples', (SELECT jsonb_agg(jsonb_build_object(
                            'execution', f.id, 'definition', f.definition_id, 'message', f.message,
                            'at', (extract(epoch FROM f.finished_at) * 1000000)::bigint) ORDER BY f.number)
                        FROM failed f WHERE f.code = g.code AND f.number <= \(exampleLimit)))
                    ORDER BY count DESC, code), '[]')
                FROM (SELECT code, count(*) FROM failed GROUP BY code ORDER BY 2 DESC, 1 LIMIT \(groupLimit)) g),
            'duration', (SELECT \(quantiles("run_milliseconds")) FROM recent),
            'queue', (SELECT \(quantiles("queue_milliseconds")) FROM recent),
            'retried', (SELECT count(*) FROM recent WHERE attempt > 1),
            'retries', (SELECT coalesce(sum(attempt - 1), 0) FROM recent WHERE attempt > 1),
            'recovered', (SELECT count(*) FROM recent WHERE attempt > 1 AND state = 'succeeded'),
            'tokens', (SELECT coalesce(sum(tokens), 0) FROM recent),
            'cost', (SELECT coalesce(sum(cost_microdollars), 0) FROM recent),
            'definitions', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'kind', d.kind, 'id', d.id, 'name', d.name, 'total', g.total, 'succeeded', g.succeeded, 'failed', g.failed,
                    'p50', g.p50, 'p90', g.p90, 'tokens', g.tokens, 'cost', g.cost) ORDER BY g.total DESC, d.id), '[]')
                FROM (
                    SELECT definition_id, count(*) AS total, count(*) FILTER (WHERE state = 'succeeded') AS succeeded,
                        count(*) FILTER (WHERE state IN ('failed', 'timed_out', 'indeterminate')) AS failed,
                        percentile_disc(0.5) WITHIN GROUP (ORDER BY run_milliseconds) AS p50,
                        percentile_disc(0.9) WITHIN GROUP (ORDER BY run_milliseconds) AS p90,
                        sum(tokens) AS tokens, sum(cost_microdollars) AS cost
                    FROM recent GROUP BY definition_id ORDER BY 2 DESC, 1 LIMIT \(groupLimit)
                ) g JOIN definitions d ON d.id = g.definition_id))
        """
    ) { row throws(Fault) in try row.value(0) }
}
