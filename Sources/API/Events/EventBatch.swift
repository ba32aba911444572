// Events of a tenant on their way to its readers, in order and without a gap.

import Base
import Tenancy

/// A part of what happened.
struct EventBatch: Sendable {
    let tenant: TenantID
    /// The number behind which it begins.
    let after: Int
    let events: [Event]

    /// The number of its last event.
    var through: Int { events.last?.seq ?? after }
}
