// Which end of a list comes first. Ids begin with the moment they were made at, so that the order of ids is that of making.

/// The order of a list.
public enum ListOrder: String, Sendable, CaseIterable {
    case newestFirst = "created_at:desc"
    case oldestFirst = "created_at:asc"

    public var isAscending: Bool { self == .oldestFirst }
}
