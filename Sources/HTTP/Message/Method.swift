// The methods that routes can name. Method names are case-sensitive (RFC 9110, section 9.1), so `get` is another method than `GET`.

/// A request method.
public enum Method: UInt8, Sendable, CaseIterable {
    case get, head, post, put, patch, delete, options, trace, connect
    /// Any other token; its bytes are in the head.
    case other

    /// The name on the wire; empty for `other`.
    public var name: StaticString {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .patch: "PATCH"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        case .trace: "TRACE"
        case .connect: "CONNECT"
        case .other: ""
        }
    }

    /// The method of that name, `nil` when it is none of the list.
    public init?(name: some StringProtocol) {
        guard let known = Method.allCases.first(where: { $0 != .other && $0.name.description == name }) else { return nil }
        self = known
    }

    /// The method whose name is `bytes[range]`.
    init(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        var word: UInt64 = 0
        guard range.count <= 8 else {
            self = .other
            return
        }
        for at in range { word = word << 8 | UInt64(bytes[at]) }
        switch word {
        case 0x47_4554: self = .get
        case 0x4845_4144: self = .head
        case 0x504F_5354: self = .post
        case 0x50_5554: self = .put
        case 0x50_4154_4348: self = .patch
        case 0x4445_4C45_5445: self = .delete
        case 0x4F_5054_494F_4E53: self = .options
        case 0x54_5241_4345: self = .trace
        case 0x43_4F4E_4E45_4354: self = .connect
        default: self = .other
        }
    }
}
