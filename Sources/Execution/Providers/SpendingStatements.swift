// The month's budget of a tenant for models: put aside what a question may cost before it is asked, then count what it did cost. One row a
// month is the lock, so that the bound holds over all executions and nodes.

import Base
import Postgres

enum SpendingStatements {
    static let all: [any AnyStatement] = [reserve, settle]

    /// What came of the wish to spend.
    struct Reservation: Sendable {
        /// What the tenant may spend in a month; `nil` when it set no bound.
        let budget: Int?
        let isGranted: Bool
    }

    /// Puts `$3` aside for the question `$2` of the execution `$1`. What was put aside for that very question before counts as spent: it may have
    /// been answered.
    static let reserve = Statement<Reservation, ExecutionID, String, Int>(
        "put aside what a question to a model may cost",
        """
        WITH budget AS (
            SELECT t.tenant_id, date_trunc('month', now() AT TIME ZONE 'UTC')::date AS month,
                (t.settings ->> 'model_budget_microdollars')::bigint AS most
            FROM tenants t WHERE t.settings ? 'model_budget_microdollars'
        ), lost AS (
            DELETE FROM model_reservations r WHERE r.execution_id = $1 AND r.question = $2 RETURNING r.month, r.microdollars
        ), held AS (
            INSERT INTO model_spending AS s (tenant_id, month, reserved)
            SELECT tenant_id, month, $3 FROM budget WHERE $3 <= most
            ON CONFLICT (tenant_id, month) DO UPDATE
            SET reserved = s.reserved + $3 - coalesce((SELECT microdollars FROM lost WHERE lost.month = s.month), 0),
                spent = s.spent + coalesce((SELECT microdollars FROM lost WHERE lost.month = s.month), 0)
            WHERE s.spent + s.reserved + $3 <= (SELECT most FROM budget)
            RETURNING s.tenant_id, s.month
        ), kept AS (
            INSERT INTO model_reservations (tenant_id, execution_id, question, month, microdollars)
            SELECT tenant_id, $1, $2, month, $3 FROM held
        )
        SELECT (SELECT most FROM budget), EXISTS (SELECT FROM held)
        """
    ) { row throws(Fault) in Reservation(budget: try row.value(0), isGranted: try row.value(1)) }

    /// Counts what a question did cost, `$3`, or all that was put aside where nobody knows.
    static let settle = Statement<Void, ExecutionID, String, Int?>(
        "count what a question to a model did cost",
        """
        WITH gone AS (
            DELETE FROM model_reservations WHERE execution_id = $1 AND question = $2 RETURNING month, microdollars
        )
        UPDATE model_spending s SET reserved = s.reserved - gone.microdollars, spent = s.spent + coalesce($3, gone.microdollars)
        FROM gone WHERE s.month = gone.month
        """)
}
