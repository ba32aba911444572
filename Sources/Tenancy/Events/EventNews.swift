// What a notification about events says: whose there are, and the number of the last. Written by the sequencer's statement.

import Base

/// Tenants in which something happened.
public struct EventNews: Sendable {
    public let lasts: [(tenant: TenantID, last: Int)]

    /// Reads a payload. What is no part of one is passed over.
    public init(payload: String) {
        lasts = payload.split(separator: " ").compactMap { part in
            let halves = part.split(separator: ":")
            guard halves.count == 2, let uuid = UUIDBits(hyphenated: halves[0].utf8), let last = Int(halves[1]) else {
                return nil
            }
            return (TenantID(uuid), last)
        }
    }
}
