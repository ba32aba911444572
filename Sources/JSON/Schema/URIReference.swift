// References between schemas: how a reference is cut into its parts and put on a base (RFC 3986, sections 3 and 5). Nothing is fetched.

/// The five parts of a reference.
struct URIReference {
    var scheme: Substring?
    var authority: Substring?
    var path: Substring
    var query: Substring?
    var fragment: Substring?

    /// Cuts a text as RFC 3986, appendix B, does; no text is refused.
    init(_ text: String) {
        var rest = text[...]
        if let hash = rest.firstIndex(of: "#") {
            fragment = rest[rest.index(after: hash)...]
            rest = rest[..<hash]
        }
        if let mark = rest.firstIndex(of: "?") {
            query = rest[rest.index(after: mark)...]
            rest = rest[..<mark]
        }
        if let colon = rest.firstIndex(of: ":"), colon > rest.startIndex, !rest[..<colon].contains("/") {
            scheme = rest[..<colon]
            rest = rest[rest.index(after: colon)...]
        }
        if rest.hasPrefix("//") {
            rest = rest.dropFirst(2)
            let end = rest.firstIndex(of: "/") ?? rest.endIndex
            authority = rest[..<end]
            rest = rest[end...]
        }
        path = rest
    }

    /// This reference put on a base (section 5.2.2).
    func resolved(on base: URIReference) -> URIReference {
        var target = self
        guard scheme == nil else {
            target.path = URIReference.withoutDots(path)
            return target
        }
        target.scheme = base.scheme
        guard authority == nil else {
            target.path = URIReference.withoutDots(path)
            return target
        }
        target.authority = base.authority
        if path.isEmpty {
            target.path = base.path
            if query == nil { target.query = base.query }
        } else if path.hasPrefix("/") {
            target.path = URIReference.withoutDots(path)
        } else {
            target.path = URIReference.withoutDots(base.folder + path)
        }
        return target
    }

    /// What a relative path is put behind (section 5.2.3).
    private var folder: Substring {
        if authority != nil && path.isEmpty { return "/" }
        return path.lastIndex(of: "/").map { path[...$0] } ?? ""
    }

    /// Without `.` and `..` (section 5.2.4).
    private static func withoutDots(_ path: Substring) -> Substring {
        guard path.contains(".") else { return path }
        var parts: [Substring] = []
        let segments = path.split(separator: "/", omittingEmptySubsequences: false)
        for (index, segment) in segments.enumerated() {
            let isLast = index == segments.count - 1
            switch segment {
            case ".": if isLast { parts.append("") }
            case "..":
                if parts.count > 1 || parts.count == 1 && parts[0] != "" { parts.removeLast() }
                if isLast { parts.append("") }
            default: parts.append(segment)
            }
        }
        return parts.joined(separator: "/")[...]
    }

    /// The text without its fragment.
    var resource: String {
        var text = ""
        if let scheme { text += scheme + ":" }
        if let authority { text += "//" + authority }
        text += path
        if let query { text += "?" + query }
        return text
    }

    /// The fragment with its escapes undone; empty when there is none.
    var plainFragment: String {
        guard let fragment, fragment.utf8.contains(UInt8(ascii: "%")) else { return String(fragment ?? "") }
        var bytes: [UInt8] = []
        var source = Array(fragment.utf8)[...]
        while let byte = source.popFirst() {
            if byte == UInt8(ascii: "%"), source.count >= 2,
                let value = UInt8(String(decoding: source.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                source = source.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// JSON pointers (RFC 6901).
enum JSONPointer {
    /// A name as one part of a pointer.
    static func escaped(_ name: String) -> String {
        guard name.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else { return name }
        var bytes: [UInt8] = []
        for byte in name.utf8 {
            switch byte {
            case UInt8(ascii: "~"): bytes += Array("~0".utf8)
            case UInt8(ascii: "/"): bytes += Array("~1".utf8)
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The parts of a pointer that is not empty and begins with a slash.
    static func parts(of pointer: String) -> [String] {
        pointer.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst().map { part in
            var bytes: [UInt8] = []
            var isEscaped = false
            for byte in part {
                switch (isEscaped, byte) {
                case (false, UInt8(ascii: "~")): isEscaped = true
                case (true, UInt8(ascii: "0")): (bytes, isEscaped) = (bytes + [UInt8(ascii: "~")], false)
                case (true, UInt8(ascii: "1")): (bytes, isEscaped) = (bytes + [UInt8(ascii: "/")], false)
                default:
                    bytes.append(byte)
                    isEscaped = false
                }
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}
