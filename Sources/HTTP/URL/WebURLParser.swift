// The parser of WHATWG URL, section 4.4, without the setters' overrides: its states are functions here, each taking over where the one
// before it stopped. It works on UTF-8, since every character with a meaning is ASCII.

/// One run of the parser.
struct WebURLParser {
    private let input: [UInt8]
    private let base: WebURL?
    private var url = WebURL()
    private var at = 0

    /// The URL that `text` means; `nil` when it is malformed.
    static func parse(_ text: String, base: WebURL?) -> WebURL? {
        guard text.utf8.count <= WebURL.bytes else { return nil }
        var parser = WebURLParser(text, base)
        return parser.run() ? parser.url : nil
    }

    private init(_ text: String, _ base: WebURL?) {
        let bytes = Array(text.utf8)
        let first = bytes.firstIndex { $0 > 0x20 } ?? bytes.count
        let last = bytes.lastIndex { $0 > 0x20 } ?? first - 1
        input = first <= last ? bytes[first...last].filter { $0 != 0x09 && $0 != 0x0A && $0 != 0x0D } : []
        self.base = base
    }

    // MARK: Reading

    private var byte: UInt8? { at < input.count ? input[at] : nil }

    private func starts(with text: StaticString, at offset: Int) -> Bool {
        let count = text.utf8CodeUnitCount
        return offset + count <= input.count && input.span.matches(offset..<offset + count, lowercase: text)
    }

    /// Whether a byte separates segments.
    private func isSlash(_ byte: UInt8?) -> Bool {
        byte == UInt8(ascii: "/") || byte == UInt8(ascii: "\\") && url.isSpecial
    }

    /// Whether a byte ends the authority or a segment.
    private func isEnd(_ byte: UInt8) -> Bool {
        isSlash(byte) || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#")
    }

    /// The offset of the next byte that ends an authority or a segment.
    private func end(from start: Int) -> Int {
        input[start...].firstIndex(where: isEnd) ?? input.count
    }

    // MARK: Scheme

    private mutating func run() -> Bool {
        guard let colon = schemeEnd() else { return withoutScheme() }
        url.scheme = String(decoding: input[..<colon].map(lowercased), as: UTF8.self)
        at = colon + 1
        if url.scheme == "file" { return file() }
        if url.isSpecial {
            if base?.scheme == url.scheme, !starts(with: "//", at: at) { return relative(to: base) }
            return specialAuthority()
        }
        guard byte == UInt8(ascii: "/") else { return opaque() }
        at += 1
        guard byte == UInt8(ascii: "/") else { return path() }
        at += 1
        return authority()
    }

    /// The offset of the colon behind a scheme at the begin.
    private func schemeEnd() -> Int? {
        guard let first = input.first, (first | 0x20) &- 0x61 < 26 else { return nil }
        let end = input.firstIndex { !(isDigit($0) || ($0 | 0x20) &- 0x61 < 26 || "+-.".utf8.contains($0)) }
        return end.flatMap { input[$0] == UInt8(ascii: ":") ? $0 : nil }
    }

    private mutating func withoutScheme() -> Bool {
        guard let base else { return false }
        if base.opaquePath != nil {
            guard byte == UInt8(ascii: "#") else { return false }
            url = base
            url.fragment = nil
            return queryAndFragment()
        }
        return base.scheme == "file" ? file() : relative(to: base)
    }

    private mutating func opaque() -> Bool {
        let end = input[at...].firstIndex { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") } ?? input.count
        var text = URLEncoding.encode(input[at..<end], .control)
        // A space before the query or the fragment would be lost when the URL is read again.
        if end < input.count, text.hasSuffix(" ") { text = text.dropLast() + "%20" }
        url.opaquePath = text
        at = end
        return queryAndFragment()
    }

    // MARK: Relative references

    private mutating func relative(to base: WebURL?) -> Bool {
        guard let base else { return false }
        url.scheme = base.scheme
        if isSlash(byte) {
            at += 1
            if isSlash(byte) {
                guard !url.isSpecial else { return specialAuthority() }
                at += 1
                return authority()
            }
            takeAuthority(of: base)
            return path()
        }
        takeAuthority(of: base)
        return continuePath(of: base)
    }

    private mutating func takeAuthority(of base: WebURL) {
        url.username = base.username
        url.password = base.password
        url.host = base.host
        url.port = base.port
    }

    /// A reference that begins with a segment, a query, a fragment, or that is empty.
    private mutating func continuePath(of base: WebURL) -> Bool {
        url.segments = base.segments
        guard let byte, byte != UInt8(ascii: "?") else {
            url.query = base.query
            return queryAndFragment()
        }
        if byte == UInt8(ascii: "#") {
            url.query = base.query
            return queryAndFragment()
        }
        if url.scheme == "file", startsWithDriveLetter(at) {
            url.segments = []
        } else {
            shorten()
        }
        return path()
    }

    // MARK: Authority

    /// However many slashes stand before the authority of a URL of the web, there is one.
    private mutating func specialAuthority() -> Bool {
        while isSlash(byte) { at += 1 }
        return authority()
    }

    private mutating func authority() -> Bool {
        let end = end(from: at)
        var host = at..<end
        if let sign = input[at..<end].lastIndex(of: UInt8(ascii: "@")) {
            guard sign + 1 < end else { return false }
            let credentials = input[at..<sign]
            let colon = credentials.firstIndex(of: UInt8(ascii: ":")) ?? sign
            url.username = URLEncoding.encode(input[at..<colon], .userinfo)
            url.password = URLEncoding.encode(input[min(colon + 1, sign)..<sign], .userinfo)
            host = sign + 1..<end
        }
        var isInBrackets = false
        let colon = input[host].firstIndex { byte in
            if byte == UInt8(ascii: "[") { isInBrackets = true }
            if byte == UInt8(ascii: "]") { isInBrackets = false }
            return byte == UInt8(ascii: ":") && !isInBrackets
        }
        let name = host.lowerBound..<(colon ?? end)
        if name.isEmpty {
            guard colon == nil, !url.isSpecial else { return false }
            url.host = .empty
        } else {
            guard let parsed = WebHost(Array(input[name]), isOpaque: !url.isSpecial) else { return false }
            url.host = parsed
        }
        if let colon {
            guard takePort(input[colon + 1..<end]) else { return false }
        }
        at = end
        return pathStart()
    }

    private mutating func takePort(_ digits: ArraySlice<UInt8>) -> Bool {
        guard !digits.isEmpty else { return true }
        var port = 0
        for digit in digits {
            guard isDigit(digit) else { return false }
            port = port * 10 + Int(digit &- 0x30)
            guard port <= 65_535 else { return false }
        }
        url.port = port == WebURL.defaultPort(url.scheme) ? nil : port
        return true
    }

    // MARK: Files

    private mutating func file() -> Bool {
        url.scheme = "file"
        url.host = .empty
        let base = base?.scheme == "file" ? base : nil
        guard isSlash(byte) else {
            guard let base else { return path() }
            url.host = base.host
            return continuePath(of: base)
        }
        at += 1
        if isSlash(byte) {
            at += 1
            return fileHost()
        }
        if let base {
            url.host = base.host
            if !startsWithDriveLetter(at), let drive = base.segments.first, WebURLParser.isNormalDrive(drive) {
                url.segments = [drive]
            }
        }
        return path()
    }

    private mutating func fileHost() -> Bool {
        let end = end(from: at)
        if end - at == 2, startsWithDriveLetter(at) { return path() }
        if end > at {
            guard let host = WebHost(Array(input[at..<end]), isOpaque: false) else { return false }
            url.host = host == .domain("localhost") ? .empty : host
        }
        at = end
        return pathStart()
    }

    /// Whether a drive's letter begins at `offset`: a letter, a colon or a bar, and then the end or what ends a segment.
    private func startsWithDriveLetter(_ offset: Int) -> Bool {
        guard offset + 1 < input.count, (input[offset] | 0x20) &- 0x61 < 26,
            input[offset + 1] == UInt8(ascii: ":") || input[offset + 1] == UInt8(ascii: "|")
        else { return false }
        return offset + 2 == input.count || "/\\?#".utf8.contains(input[offset + 2])
    }

    private static func isNormalDrive(_ segment: String) -> Bool {
        let bytes = Array(segment.utf8)
        return bytes.count == 2 && (bytes[0] | 0x20) &- 0x61 < 26 && bytes[1] == UInt8(ascii: ":")
    }

    // MARK: Path, query, fragment

    /// The path behind an authority: one slash, which URLs of the web may leave out.
    private mutating func pathStart() -> Bool {
        if isSlash(byte) {
            at += 1
            return path()
        }
        return url.isSpecial ? path() : queryAndFragment()
    }

    /// The segments from here on, the slash before the first one being passed.
    private mutating func path() -> Bool {
        while true {
            let end = end(from: at)
            let isLast = !isSlash(end < input.count ? input[end] : nil)
            var segment = URLEncoding.encode(input[at..<end], .path)
            switch WebURLParser.dots(segment) {
            case 2:
                shorten()
                if isLast { url.segments.append("") }
            case 1:
                if isLast { url.segments.append("") }
            default:
                if url.scheme == "file", url.segments.isEmpty, end - at == 2, startsWithDriveLetter(at) {
                    segment = segment.prefix(1) + ":"
                }
                url.segments.append(segment)
            }
            at = end
            if isLast { return queryAndFragment() }
            at += 1
        }
    }

    /// 1 for `.`, 2 for `..`, also when dots are escaped; 0 for every other segment.
    private static func dots(_ segment: String) -> Int {
        switch segment.lowercased() {
        case ".", "%2e": 1
        case "..", ".%2e", "%2e.", "%2e%2e": 2
        default: 0
        }
    }

    /// Takes the last segment away, but never a drive.
    private mutating func shorten() {
        if url.scheme == "file", url.segments.count == 1, WebURLParser.isNormalDrive(url.segments[0]) { return }
        _ = url.segments.popLast()
    }

    private mutating func queryAndFragment() -> Bool {
        if byte == UInt8(ascii: "?") {
            let end = input[at...].firstIndex(of: UInt8(ascii: "#")) ?? input.count
            url.query = URLEncoding.encode(input[at + 1..<end], url.isSpecial ? .specialQuery : .query)
            at = end
        }
        if byte == UInt8(ascii: "#") {
            url.fragment = URLEncoding.encode(input[(at + 1)...], .fragment)
        }
        return true
    }
}
