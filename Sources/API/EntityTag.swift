// Entity tags (RFC 9110, section 8.8.3) of resources that people edit: the revision in quotes, always strong. What is no tag of ours
// names a revision that nothing has.
// Bounds: `tagsRead` tags of a list are looked at.

import HTTP

enum EntityTag {
    private static let tagsRead = 16
    /// A revision that nothing has: they count from 1, and 0 is that of what is built in.
    private static let unknown = -1

    /// The revisions of `If-Match`; `nil` for `*`, which any revision satisfies.
    static func revisions(_ text: String) -> [Int]? {
        let tags = text.split(separator: ",", maxSplits: tagsRead).prefix(tagsRead).map { $0.trimmingSpaces }
        if tags == ["*"] { return nil }
        return tags.map(revision)
    }

    /// Whether `If-None-Match` names the revision. Weak tags compare equal there (section 13.1.2).
    static func names(_ text: String, _ current: Int) -> Bool {
        text.split(separator: ",", maxSplits: tagsRead).prefix(tagsRead).contains { tag in
            let tag = tag.trimmingSpaces
            return tag == "*" || revision(tag.hasPrefix("W/") ? String(tag.dropFirst(2)) : tag) == current
        }
    }

    private static func revision(_ tag: String) -> Int {
        guard tag.count > 2, tag.first == "\"", tag.last == "\"" else { return unknown }
        let digits = tag.dropFirst().dropLast()
        guard digits.utf8.allSatisfy({ (48...57).contains($0) }), digits.first != "0" else { return unknown }
        return Int(digits) ?? unknown
    }
}

extension Substring {
    fileprivate var trimmingSpaces: String {
        var rest = self
        while rest.first == " " || rest.first == "\t" { rest.removeFirst() }
        while rest.last == " " || rest.last == "\t" { rest.removeLast() }
        return String(rest)
    }
}

extension Call {
    /// Whether the caller has this revision already, and only wants another one.
    func isKnown(_ revision: Int) -> Bool {
        guard exchange.head.method == .get || exchange.head.method == .head else { return false }
        guard let text = exchange.head.headers.text(of: .ifNoneMatch) else { return false }
        return EntityTag.names(text, revision)
    }

    /// Appends the header `ETag`.
    static func writeTag(_ revision: Int, into head: inout [UInt8]) {
        head.appendStatic("etag: \"")
        head.appendDecimal(revision)
        head.appendStatic("\"\r\n")
    }
}
