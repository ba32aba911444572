// A part of a list, newest first, and where the next part begins. How a place is spelled for callers is the faces' business.

/// Some elements of a list.
public struct Listing<Element: Sendable, Place: Sendable>: Sendable {
    /// How many elements one part may have.
    public static var limits: ClosedRange<Int> { 1...100 }

    public let elements: [Element]
    /// What to go on from; `nil` when there is nothing more.
    public let next: Place?

    /// Makes a part from one element more than was asked for, if there are that many.
    public init(_ found: [Element], limit: Int, place: (Element) -> Place) {
        elements = found.count > limit ? Array(found.prefix(limit)) : found
        next = found.count > limit ? elements.last.map(place) : nil
    }

    /// Makes a part whose end is known.
    public init(_ elements: [Element], next: Place?) {
        self.elements = elements
        self.next = next
    }

    /// The same part with each element made into another.
    public func map<Other, Failure: Error>(
        _ transform: (Element) throws(Failure) -> Other
    ) throws(Failure) -> Listing<Other, Place> {
        Listing<Other, Place>(try elements.map(transform), next: next)
    }
}
