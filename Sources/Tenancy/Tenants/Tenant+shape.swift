// How a tenant is written on the wire.

import JSON

extension Tenant {
    public static let output = Output<Tenant>(
        "Tenant", "An organisation: everything else belongs to one.",
        [
            .field("id", "Its id.") { $0.id },
            .field("slug", "Its name in addresses and commands.") { $0.slug },
            .field("name", "What people call it.") { $0.name },
            .field("plan", "What it has subscribed to.") { $0.plan },
            .field("state", "Whether it may act.") { $0.state },
            .field("created_at", "When it was made.") { $0.createdAt },
        ])
}

extension Plan: JSONRepresentable {}
extension Tenant.State: JSONRepresentable {}
extension Role: JSONRepresentable {}
