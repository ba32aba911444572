// The id that a caller gave its request, taken when it is well formed, so that two systems can speak of one request.

import HTTP

enum RequestName {
    static let characters = 64

    /// Where `X-Request-Id` lies in the head, when it is 1 to 64 of letters, digits, `-`, `_`, `.` and `:`.
    static func wellFormed(in head: RequestHead) -> Range<Int>? {
        guard let range = head.headers.range(of: .requestID), (1...characters).contains(range.count) else { return nil }
        for at in range {
            switch head.headers.bytes[at] {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: ":"):
                continue
            default: return nil
            }
        }
        return range
    }
}
