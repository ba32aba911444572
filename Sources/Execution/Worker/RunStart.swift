// A run begins: many of a tenant at once, by one statement for their executions and one for their journals.

import Base
import JSON
import Postgres

/// The beginning of an attempt, or of what is left of one whose worker was lost.
struct RunStart: GatheredWrite {
    let lease: HeldLease
    var execution: ExecutionID { lease.execution }

    static let statements: [any AnyStatement] = [begin]

    /// - Returns: for each what it begins with; `nil` when its lease is lost, or it may not begin in its state.
    static func add(_ starts: [RunStart], to batch: inout Batch<Once>) -> Gatherer.Reading<[Result<RunBeginning?, Fault>]> {
        let executions = starts.map(\.execution)
        let begun = batch.add(begin, executions, starts.map(\.lease.epoch), beginnable)
        let journal = batch.add(StepStatements.journal, executions)
        return { results throws(Fault) in
            let beginnings = Dictionary(
                try results.rows(begun).map { ($0.lease, $0.beginning) }, uniquingKeysWith: { first, _ in first })
            let steps = Dictionary(grouping: try results.rows(journal), by: \.execution)
            return starts.map { start in beginning(beginnings[start.lease], steps[start.execution] ?? []) }
        }
    }

    private static func beginning(
        _ found: Result<RunBeginning, Fault>?, _ steps: [StepStatements.Known]
    ) -> Result<RunBeginning?, Fault> {
        guard let found else { return .success(nil) }
        return Result { () throws(Fault) in
            var beginning = try found.get()
            for step in steps { beginning.steps[step.key] = try step.entry.get() }
            return beginning
        }
    }

    private static let beginnable = ExecutionState.predecessors(of: .running).map(\.rawValue)

    static let begin = Statement<
        (lease: HeldLease, beginning: Result<RunBeginning, Fault>), [ExecutionID], [Int], [String]
    >(
        "begin runs",
        """
        WITH fence AS MATERIALIZED (\(RunStatements.fences)), found AS MATERIALIZED (
            SELECT e.place, fence.epoch FROM fence CROSS JOIN LATERAL \(RunStatements.execution(of: "fence", where: "e.state = ANY ($3)"))
        ), begun AS (
            UPDATE executions e
            SET state = 'running', attempt = greatest(e.attempt, 1), started_at = coalesce(e.started_at, statement_timestamp()),
                rested_milliseconds = e.rested_milliseconds
                    + coalesce((extract(epoch FROM statement_timestamp() - e.rested_since) * 1000)::bigint, 0),
                rested_since = NULL, updated_at = statement_timestamp()
            FROM found WHERE e.ctid = found.place
            RETURNING e.*, found.epoch AS lease_epoch
        ), told AS (
            \(EventClause.execution(
                "begun", type: "CASE WHEN started_at = updated_at THEN 'execution.started' ELSE 'execution.resumed' END"))
        )
        SELECT b.id, b.lease_epoch, b.definition_id, b.attempt, b.max_attempts, b.input, coalesce(v.body -> 'blueprint', v.body),
            d.state IN ('stopped', 'deleted'), clock_timestamp(),
            least(
                b.timeout_milliseconds + b.rested_milliseconds
                    - (extract(epoch FROM clock_timestamp() - b.started_at) * 1000)::bigint,
                (extract(epoch FROM b.deadline_at - clock_timestamp()) * 1000)::bigint),
            b.idle_timeout_milliseconds, b.depth
        FROM begun b
        -- The limits keep each of them a look into its index, whatever the planner knows.
        CROSS JOIN LATERAL (
            SELECT d.state FROM definitions d WHERE (d.tenant_id, d.id) = (b.tenant_id, b.definition_id) LIMIT 1
        ) d
        CROSS JOIN LATERAL (
            SELECT v.body FROM definition_versions v
            WHERE (v.tenant_id, v.definition_id, v.version) = (b.tenant_id, b.definition_id, b.definition_version) LIMIT 1
        ) v
        """
    ) { row throws(Fault) in
        // What can't be read is the matter of its run alone.
        let beginning: Result<RunBeginning, Fault>
        do throws(Fault) { beginning = .success(try runBeginning(row)) } catch { beginning = .failure(error) }
        return (HeldLease(execution: try row.value(0), epoch: try row.value(1)), beginning)
    }

    private static func runBeginning(_ row: borrowing RowReader) throws(Fault) -> RunBeginning {
        RunBeginning(
            agent: try row.value(2), attempt: try row.value(3), maxAttempts: try row.value(4),
            input: try row.json(5) ?? .emptyObject, blueprint: try row.json(6) ?? .emptyObject,
            isStopped: try row.value(7), now: try row.value(8), remainingMilliseconds: try row.value(9),
            idleMilliseconds: try row.value(10), depth: try row.value(11))
    }
}
