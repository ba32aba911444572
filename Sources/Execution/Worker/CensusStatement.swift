// How much each tenant has to do, counted every few seconds: whoever has as many executions that have not ended as his plan holds gets no more,
// and whoever enqueues only has to look at one row. A node that counts at the same time as another has nothing to wait for.

import Base
import Postgres

enum CensusStatement {
    /// Counts, unless another node is at it. The plans by name: how many executions that have not ended each holds.
    static let count = Statement<Void, [String], [Int]>(
        "count what is to do",
        """
        WITH turn AS MATERIALIZED (
            SELECT pg_try_advisory_xact_lock(4849512170095) AS is_mine
        ), counted AS MATERIALIZED (
            SELECT q.tenant_id, count(*) AS count FROM execution_queue q WHERE (SELECT is_mine FROM turn) GROUP BY q.tenant_id
        ), full_now AS MATERIALIZED (
            SELECT c.tenant_id FROM counted c
            JOIN tenants t ON t.tenant_id = c.tenant_id
            JOIN unnest($1::text[], $2::bigint[]) AS plan (name, live) ON plan.name = t.plan
            WHERE c.count >= coalesce((t.quotas ->> 'live_executions')::bigint, plan.live)
        ), changed AS (
            SELECT s.tenant_id FROM queue_shares s
            WHERE s.is_full <> (s.tenant_id IN (SELECT tenant_id FROM full_now)) AND (SELECT is_mine FROM turn)
            FOR UPDATE OF s SKIP LOCKED
        ), turned AS (
            UPDATE queue_shares s SET is_full = NOT s.is_full FROM changed WHERE s.tenant_id = changed.tenant_id
        )
        INSERT INTO queue_shares (tenant_id, served, is_full)
        SELECT tenant_id, 0, true FROM full_now ON CONFLICT (tenant_id) DO NOTHING
        """)
}
