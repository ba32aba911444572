// What nodes ask of PostgreSQL, in the worker's role. The rule of a bucket is the one that nodes keep by themselves (GCRA), on the
// database's clock in nanoseconds: a row says from when on its part is full. A row that is not there is full, but for what was charged.

import Base
import JSON
import Postgres

enum BudgetStatements {
    static let channel = "insula_nodes"

    /// The roster's row.
    struct Row: Sendable {
        let version: Int
        let content: JSONBytes
        let now: Int64
    }

    static let read = Statement<Row>(
        "read the roster of nodes",
        "SELECT version, content, (extract(epoch FROM clock_timestamp()) * 1000000000)::bigint FROM node_roster",
        repeatable: true
    ) { row throws(Fault) in
        Row(version: try row.value(0), content: try row.value(1), now: try row.value(2))
    }

    /// Writes the roster if nobody has since that version, and tells the others if they should look at once.
    static let write = Statement<Int, Int, JSONBytes, [UInt8]?, Bool>(
        "write the roster of nodes",
        """
        WITH written AS (
            UPDATE node_roster SET version = version + 1, content = $2, handover = $3, updated_at = now()
            WHERE version = $1 RETURNING version
        )
        SELECT version, CASE WHEN $4 THEN pg_notify('\(channel)', '') END FROM written
        """
    ) { row throws(Fault) in try row.value(0) }

    /// The same without a word about what was handed over.
    static let renew = Statement<Int, Int, JSONBytes, Bool>(
        "renew a place among the nodes",
        """
        WITH written AS (
            UPDATE node_roster SET version = version + 1, content = $2, updated_at = now() WHERE version = $1 RETURNING version
        )
        SELECT version, CASE WHEN $3 THEN pg_notify('\(channel)', '') END FROM written
        """
    ) { row throws(Fault) in try row.value(0) }

    static let readHandover = Statement<[UInt8]?>(
        "read what a node handed over", "SELECT handover FROM node_roster"
    ) { row throws(Fault) in try row.value(0, as: [UInt8]?.self) }

    /// Makes the rows that are missing. $2: from when on each is full.
    static let ensure = Statement<Void, [[UInt8]], [Int64], Int64>(
        "make rate budgets",
        """
        INSERT INTO rate_budgets (key, full_at, charged)
        SELECT key, full_at, $3 FROM unnest($1::bytea[], $2::bigint[]) AS wanted (key, full_at) ORDER BY key
        ON CONFLICT (key) DO NOTHING
        """)

    /// What was granted of a lease.
    struct Grant: Sendable {
        let key: [UInt8]
        let units: Int
    }

    /// Takes from each budget as many units as are wanted and there. $2: nanoseconds a unit; $3: units wanted; $4: nanoseconds in which
    /// the database's part fills; $5: nanoseconds in which all of it fills; $6: from when on one without a row is full; $7: what has been
    /// charged so far, and whoever doesn't know the last charge yet is granted nothing. A row that has not paid all charges pays now: no
    /// earlier idleness pays for it. Rows are locked by their order, so that nodes don't wait for each other in a circle. Where nothing is granted, nothing is written.
    static let lease = Statement<Grant, [[UInt8]], [Int64], [Int64], [Int64], [Int64], [Int64], Int64>(
        "lease from rate budgets",
        """
        WITH locked AS (
            SELECT b.key, b.full_at, b.charged, w.a_unit, w.wanted, w.fill, w.whole, w.floor
            FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
                AS w (key, a_unit, wanted, fill, whole, floor)
            JOIN rate_budgets b ON b.key = w.key
            WHERE (SELECT coalesce((content ->> 'charged')::bigint, 0) FROM node_roster) = $7
            ORDER BY b.key FOR UPDATE OF b
        ), read AS MATERIALIZED (
            SELECT key, a_unit, wanted, fill, (extract(epoch FROM clock_timestamp()) * 1000000000)::bigint AS now,
                CASE WHEN charged >= $7 THEN full_at
                ELSE greatest(floor, full_at + (whole + 999) / 1000 * least($7 - charged, 10000000000) / 1000 + 1) END AS full_at
            FROM locked
        ), granted AS (
            SELECT key, a_unit, greatest(full_at, now) AS full_at,
                greatest(0, least(wanted, (now + fill - greatest(full_at, now)) / a_unit)) AS units
            FROM read
        )
        UPDATE rate_budgets b SET full_at = g.full_at + g.units * g.a_unit, charged = greatest(b.charged, $7)
        FROM granted g WHERE b.key = g.key AND g.units > 0
        RETURNING b.key, g.units
        """
    ) { row throws(Fault) in Grant(key: try row.value(0, as: [UInt8].self), units: try row.value(1)) }

    /// Forgets budgets that are full again: all charges are in their number, or they have been full for an hour.
    static let forget = Statement<Void, Int64, Int>(
        "forget full rate budgets",
        """
        DELETE FROM rate_budgets WHERE key IN (
            SELECT key FROM rate_budgets, (SELECT (extract(epoch FROM statement_timestamp()) * 1000000000)::bigint AS now) clock
            WHERE charged = $1 AND full_at <= now OR full_at <= now - 3600000000000
            LIMIT $2 FOR UPDATE OF rate_budgets SKIP LOCKED
        )
        """)
}
