// A page of a list, the same on every endpoint: `{"data":[…],"has_more":…,"next_cursor":…}`.

/// Some values of a list, and where to go on.
public struct Page<Element> {
    public let data: [Element]
    /// What to send to get the next page; `nil` on the last one.
    public let nextCursor: String?

    public init(_ data: [Element], nextCursor: String?) {
        self.data = data
        self.nextCursor = nextCursor
    }
}

extension Page: Sendable where Element: Sendable {}

extension Output {
    /// The output of a page of such values.
    public var page: Output<Page<Value>> {
        Output<Page<Value>>(
            name + "Page", "A page of a list.",
            [
                .list("data", "The values.", self) { $0.data },
                .field("has_more", "Whether there are further ones.") { $0.nextCursor != nil },
                .field("next_cursor", "What to send as `cursor` to get the next page.") { $0.nextCursor },
            ])
    }
}
