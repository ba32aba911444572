// What running a step twice would do. Tools declare it; the journal acts on it after a crash.

import JSON

/// What a second run of the same step does to the world.
public enum Effect: String, Sendable, CaseIterable, JSONRepresentable {
    /// Nothing.
    case pure
    /// The same again: safe to repeat with the same idempotency key.
    case idempotent
    /// Possibly something more: never repeated unless somebody says so.
    case `unsafe`
}
