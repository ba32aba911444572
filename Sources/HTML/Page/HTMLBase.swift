// The address of `<base href>`, against which the links of a page are read (RFC 3986 section 5.2, on the text of the address).
// What comes out is still a claim of the page: the caller's own parser has the last word on it.

/// An absolute address that relative ones are joined to.
struct HTMLBase {
    private let scheme: String
    /// With its `//`; nil when there is none.
    private let authority: String?
    private let path: String
    private let query: String?

    /// Nil when `address` is not absolute.
    init?(_ address: String) {
        guard let scheme = HTMLBase.scheme(of: address) else { return nil }
        self.scheme = scheme
        let parts = HTMLBase.split(String(address.dropFirst(scheme.count + 1)))
        authority = parts.authority
        path = parts.path
        query = parts.query
    }

    /// The absolute address that `reference` means.
    func join(_ reference: String) -> String {
        if HTMLBase.scheme(of: reference) != nil { return reference }
        let parts = HTMLBase.split(reference)
        let fragment = parts.fragment ?? ""
        if let authority = parts.authority {
            return "\(scheme):\(authority)\(HTMLBase.withoutDots(parts.path))\(parts.query ?? "")\(fragment)"
        }
        if parts.path.isEmpty {
            return "\(scheme):\(authority ?? "")\(path)\(parts.query ?? query ?? "")\(fragment)"
        }
        let joined = parts.path.hasPrefix("/") ? parts.path : merged(parts.path)
        return "\(scheme):\(authority ?? "")\(HTMLBase.withoutDots(joined))\(parts.query ?? "")\(fragment)"
    }

    private func merged(_ reference: String) -> String {
        if authority != nil, path.isEmpty { return "/" + reference }
        guard let slash = path.lastIndex(of: "/") else { return reference }
        return path[...slash] + reference
    }

    private static func withoutDots(_ path: String) -> String {
        var segments: [Substring] = []
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            let isLast = index == parts.count - 1
            switch part {
            case ".": if isLast { segments.append("") }
            case "..":
                if segments.count > 1 || segments.first.map({ !$0.isEmpty }) ?? false { segments.removeLast() }
                if isLast { segments.append("") }
            default: segments.append(part)
            }
        }
        return segments.joined(separator: "/")
    }

    /// The scheme of an absolute address, or nil.
    static func scheme(of address: String) -> String? {
        guard let colon = address.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let scheme = address.utf8[..<colon]
        guard let first = scheme.first, HTMLBytes.isLetter(first),
            scheme.allSatisfy({
                HTMLBytes.isLetterOrDigit($0) || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
            })
        else { return nil }
        return String(address[..<colon])
    }

    /// The parts of what follows a scheme, each with the mark that begins it.
    private static func split(_ text: String) -> (authority: String?, path: String, query: String?, fragment: String?) {
        var rest = text[...]
        var fragment: String?
        var query: String?
        var authority: String?
        if let mark = rest.firstIndex(of: "#") {
            fragment = String(rest[mark...])
            rest = rest[..<mark]
        }
        if let mark = rest.firstIndex(of: "?") {
            query = String(rest[mark...])
            rest = rest[..<mark]
        }
        if rest.hasPrefix("//") {
            let end = rest.dropFirst(2).firstIndex(of: "/") ?? rest.endIndex
            authority = String(rest[..<end])
            rest = rest[end...]
        }
        return (authority, String(rest), query, fragment)
    }
}
