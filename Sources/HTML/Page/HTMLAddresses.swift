// The addresses of a page: cleaned, joined to its `base`, and handed to the caller's resolver, which has the last word.

/// Makes the addresses of one page absolute.
struct HTMLAddresses {
    private let base: HTMLBase?

    init(_ document: HTMLDocument, resolve: (String) -> String?) {
        let hrefs = document.nodes.indices.lazy.filter { document.nodes[$0].tag == .base }
            .compactMap { document.attribute("href", of: $0) }
        base = hrefs.first.flatMap { HTMLAddresses.trimmed($0) }.flatMap { resolve($0) }.flatMap { HTMLBase($0) }
    }

    /// The absolute form of `reference`. Nil for what leads nowhere: fragments of the same page, scripts, data, addresses too long, and
    /// whatever `resolve` refuses.
    func absolute(_ reference: String, resolve: (String) -> String?) -> String? {
        guard let reference = HTMLAddresses.trimmed(reference), !reference.hasPrefix("#") else { return nil }
        switch HTMLBase.scheme(of: reference)?.lowercased() {
        case "javascript", "data", "about", "blob", "vbscript": return nil
        default: return resolve(base?.join(reference) ?? reference)
        }
    }

    /// The address without the white space around and the line ends inside; nil when nothing is left or it is too long.
    private static func trimmed(_ address: String) -> String? {
        guard address.utf8.count <= HTMLPage.maximumAddressBytes else { return nil }
        let bytes = address.utf8.filter { $0 != 0x0A && $0 != 0x0D && $0 != 0x09 }
        let start = bytes.drop { $0 <= 0x20 }
        let text = String(decoding: start.reversed().drop { $0 <= 0x20 }.reversed(), as: UTF8.self)
        return text.isEmpty ? nil : text
    }
}
