// The parameters of a matched path as offsets, in the order of the pattern, without an allocation.

/// Where the parameters of a path lie in the bytes of the request's head.
public struct PathParameters: Sendable {
    /// A pattern has at most so many parameters.
    public static let capacity = 6

    private var starts = InlineArray<6, UInt16>(repeating: 0)
    private var ends = InlineArray<6, UInt16>(repeating: 0)
    /// How many there are.
    public private(set) var count = 0

    /// No parameter yet.
    public init() {}

    /// Where the parameter at `index` lies, still percent-encoded.
    public subscript(index: Int) -> Range<Int> {
        precondition(index < count, "The route has no such parameter.")
        return Int(starts[index])..<Int(ends[index])
    }

    /// The decoded text of the parameter at `index`; `nil` when it is no UTF-8.
    /// - Parameter bytes: the bytes that the path was matched in.
    public func text(_ index: Int, in bytes: [UInt8]) -> String? {
        PercentCoding.decode(bytes.span, self[index])
    }

    mutating func append(_ range: Range<Int>) {
        starts[count] = UInt16(truncatingIfNeeded: range.lowerBound)
        ends[count] = UInt16(truncatingIfNeeded: range.upperBound)
        count += 1
    }

    mutating func removeLast() {
        count -= 1
    }
}
