// The statements about tenants themselves. A tenant reads and changes its own row; operators reach all rows, in their role.

import Base
import JSON
import Postgres

enum TenantStatements {
    private static let columns = """
        tenant_id, slug, name, plan, state, settings, quotas, revision, created_at, updated_at, suspended_at, deletes_at
        """

    // MARK: One tenant

    /// With what it has: in the scope of that tenant.
    static let read = Statement<Tenant, TenantID>(
        "read tenant", "SELECT \(columns), \(TenantUsage.columns) FROM tenants WHERE tenant_id = $1", repeatable: true
    ) { row throws(Fault) in
        let usage = TenantUsage(
            users: try row.value(12), keys: try row.value(13), agents: try row.value(14), runningAgents: try row.value(15),
            modelSpending: try row.value(16), definitions: try row.value(17))
        return try tenant(row, usage)
    }

    /// The same, locked until the transaction ends. No work is added to it meanwhile.
    static let lock = Statement<Tenant, TenantID>(
        "lock tenant", "SELECT \(columns) FROM tenants WHERE tenant_id = $1 FOR UPDATE", decode: plain)

    static let state = Statement<String, TenantID>(
        "state of tenant", "SELECT state FROM tenants WHERE tenant_id = $1", repeatable: true
    ) { row throws(Fault) in try row.value(0) }

    static let update = Statement<Void, TenantID, String, JSONBytes, AuditEntry>(
        "update tenant",
        """
        UPDATE tenants SET name = $2, settings = $3, revision = revision + 1, updated_at = clock_timestamp()
        WHERE tenant_id = $1 RETURNING insula_audit($4, tenant_id)
        """)

    // MARK: States

    static let giveUp = Statement<Void, TenantID, Int, AuditEntry>(
        "give tenant up",
        """
        UPDATE tenants
        SET state = 'deleting', deletes_at = clock_timestamp() + $2 * interval '1 hour', revision = revision + 1,
            updated_at = clock_timestamp()
        WHERE tenant_id = $1 RETURNING insula_audit($3, tenant_id)
        """)

    /// The lock of all who claim work: whoever claims afterwards knows what happened before.
    static let lockQueue = Statement<Void>("lock the queue", "SELECT pg_advisory_xact_lock(4849512170094)")

    /// Takes from the workers what they hold of a tenant: its fence moves on. Claims pass over a tenant that is not active.
    static let park = Statement<Void, TenantID>(
        "park the work of a tenant",
        """
        WITH held AS (
            SELECT execution_id FROM execution_queue WHERE tenant_id = $1 AND node_id IS NOT NULL ORDER BY execution_id FOR UPDATE
        )
        UPDATE execution_queue q SET epoch = q.epoch + 1, node_id = NULL, lease_expires_at = NULL, ready_at = clock_timestamp()
        FROM held WHERE q.tenant_id = $1 AND q.execution_id = held.execution_id
        """)

    /// Tells all nodes to verify the tenant's credentials anew.
    static let tellCredentials = Statement<Void, String>(
        "tell of a tenant's credentials", "SELECT pg_notify('insula_credentials', $1)")

    /// Tells all nodes to let the tenant's work fall.
    static let tellHalt = Statement<Void, String>("tell of a halt", "SELECT pg_notify('\(Tenants.haltChannel)', $1)")

    // MARK: The operators

    static let bySlug = Statement<Tenant, String>(
        "tenant by slug", "SELECT \(columns) FROM tenants WHERE slug = $1", repeatable: true, decode: plain)

    static let listAll = Statement<Tenant>(
        "list tenants", "SELECT \(columns) FROM tenants ORDER BY slug LIMIT 10000", repeatable: true, decode: plain)

    static let listPart = Statement<Tenant, String?, String?, String?, TenantID?, Int, Bool>(
        "list tenants in part",
        """
        SELECT \(columns) FROM tenants
        WHERE ($1 IS NULL OR state = $1) AND ($2 IS NULL OR plan = $2) AND ($3 IS NULL OR slug = $3)
        """ + " " + ListClause.after("tenant_id", place: "$4", ascending: "$6", limit: "$5"), decode: plain)

    static let awaitConfirmation = Statement<Void, TenantID, Int>(
        "await confirmation of tenant",
        "UPDATE tenants SET confirm_by = clock_timestamp() + $2 * interval '1 day' WHERE tenant_id = $1")

    /// Waits for whoever gives it up.
    static let confirm = Statement<Void, TenantID>(
        "confirm tenant", "UPDATE tenants SET confirm_by = NULL WHERE tenant_id = $1 AND confirm_by IS NOT NULL")

    /// With the least of plans: a request can choose no other.
    static let insert = Statement<Void, TenantID, String, String, [UInt8]>(
        "create tenant", "INSERT INTO tenants (tenant_id, slug, name, signing_key) VALUES ($1, $2, $3, $4)")

    static let setPlan = Statement<Void, TenantID, String>(
        "give a new tenant its plan", "UPDATE tenants SET plan = $2 WHERE tenant_id = $1")

    static let administer = Statement<Void, TenantID, String, String, JSONBytes, AuditEntry>(
        "administer tenant",
        """
        UPDATE tenants SET name = $2, plan = $3, quotas = $4, revision = revision + 1, updated_at = clock_timestamp()
        WHERE tenant_id = $1 RETURNING insula_audit($5, tenant_id)
        """)

    static let suspend = Statement<Void, TenantID, AuditEntry>(
        "suspend tenant",
        """
        UPDATE tenants
        SET state = 'suspended', suspended_at = clock_timestamp(), revision = revision + 1, updated_at = clock_timestamp()
        WHERE tenant_id = $1 RETURNING insula_audit($2, tenant_id)
        """)

    /// Back to what it was: one that was suspended when it was given up is suspended again.
    static let restore = Statement<Void, TenantID, AuditEntry>(
        "restore tenant",
        """
        UPDATE tenants
        SET state = CASE WHEN state = 'deleting' AND suspended_at IS NOT NULL THEN 'suspended' ELSE 'active' END,
            suspended_at = CASE WHEN state = 'deleting' THEN suspended_at END, deletes_at = NULL, revision = revision + 1,
            updated_at = clock_timestamp()
        WHERE tenant_id = $1 RETURNING insula_audit($2, tenant_id)
        """)

    // MARK: Rows

    private static let plain: @Sendable (borrowing RowReader) throws(Fault) -> Tenant = { row throws(Fault) in
        try tenant(row, nil)
    }

    private static func tenant(_ row: borrowing RowReader, _ usage: TenantUsage?) throws(Fault) -> Tenant {
        guard let plan = Plan(rawValue: try row.value(3)), let state = Tenant.State(rawValue: try row.value(4)) else {
            throw Fault(.internalError, "The server could not do it.", cause: "a tenant has an unknown plan or state")
        }
        return Tenant(
            id: try row.value(0), slug: try row.value(1), name: try row.value(2), plan: plan, state: state,
            settings: try TenantSettings(stored: try row.value(5, as: JSONBytes.self)),
            contract: try JSONValue(parsing: try row.value(6, as: JSONBytes.self).bytes), revision: try row.value(7),
            createdAt: try row.value(8), updatedAt: try row.value(9), suspendedAt: try row.value(10),
            deletesAt: try row.value(11),
            usage: usage)
    }
}
