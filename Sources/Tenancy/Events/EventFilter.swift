// Which events somebody wants: by type, with `*` for whatever stands there, and by what they are about: the thing itself, or the definition that
// a run or a schedule is of. A pure rule; the database can be asked by the same.
// Bounds: `patternLimit` patterns and `refLimit` ids.

import Base

/// A choice among events.
public struct EventFilter: Sendable, Hashable {
    public static let patternLimit = 16
    public static let refLimit = 100

    /// The types that are wanted; all when empty.
    public let patterns: [EventPattern]
    /// What they may be about; everything when empty.
    public let refs: Set<UUIDBits>

    public init(patterns: [EventPattern] = [], refs: Set<UUIDBits> = []) {
        self.patterns = patterns
        self.refs = refs
    }

    /// Whether an event is one of the wanted.
    public func matches(_ event: Event) -> Bool {
        (refs.isEmpty || refs.contains(event.ref) || event.definition.map(refs.contains) == true)
            && (patterns.isEmpty || patterns.contains { $0.matches(event.type) })
    }

    /// The bits of an id as it is shown, of whatever kind.
    public static func ref(_ text: String) -> UUIDBits? { AuditFilter.parts(text)?.uuid }
}
