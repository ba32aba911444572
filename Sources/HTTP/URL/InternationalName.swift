// Names that are not ASCII, brought to ASCII by UTS #46 (IDNA). The tables are those of ICU, which Foundation carries; this is the only
// file of the target that imports it, and plain ASCII names never come here.

import FoundationEssentials
import FoundationInternationalization

enum InternationalName {
    /// A longer name is refused unread: the DNS takes 253 bytes.
    static let bytes = 1 << 10

    /// The name in ASCII and lower case; `nil` when it is not allowed.
    /// - Parameter name: not empty, without characters that end a host.
    static func ascii(_ name: String) -> [UInt8]? {
        guard name.utf8.count <= bytes, let url = URL(string: "http://\(name)/") else { return nil }
        let text = url.absoluteString.utf8
        guard text.starts(with: "http://".utf8), text.last == UInt8(ascii: "/") else { return nil }
        let host = text.dropFirst(7).dropLast()
        // What the mapping turned into an escape or left as it was is no name.
        return host.allSatisfy { $0 < 0x80 } ? Array(host) : nil
    }
}
