// Writing the head of a response (RFC 9112, section 4) straight into the buffer that is sent: no allocation, no formatting. A value that
// could end its line early is never written.

extension [UInt8] {
    /// Appends `HTTP/1.1 200 OK` and its line end.
    /// - Parameter status: 100 to 599.
    public mutating func appendStatusLine(_ status: Int) {
        append(contentsOf: StatusLines.shared[status])
    }

    /// Appends a field. What is no valid value (a control character but a tab) is left out with its name, and `false` is answered.
    @discardableResult
    public mutating func appendHeader(_ name: KnownHeader, _ value: Span<UInt8>) -> Bool {
        guard value.isFieldValue(0..<value.count) else { return false }
        appendStatic(name.name)
        append(UInt8(ascii: ":"))
        append(0x20)
        unsafe value.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
        appendLineEnd()
        return true
    }

    /// Appends a field. What is no valid value (a control character but a tab) is left out with its name, and `false` is answered.
    @discardableResult
    public mutating func appendHeader(_ name: KnownHeader, _ value: String) -> Bool {
        var value = value
        return value.withUTF8 { unsafe appendHeader(name, Span(_unsafeElements: $0)) }
    }

    /// Appends a field whose name is none of `KnownHeader`; `name` is a token that the code itself spells.
    @discardableResult
    public mutating func appendHeader(named name: StaticString, _ value: Span<UInt8>) -> Bool {
        guard value.isFieldValue(0..<value.count) else { return false }
        appendStatic(name)
        append(UInt8(ascii: ":"))
        append(0x20)
        unsafe value.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
        appendLineEnd()
        return true
    }

    /// Appends a field whose name is none of `KnownHeader`; `name` is a token that the code itself spells.
    @discardableResult
    public mutating func appendHeader(named name: StaticString, _ value: String) -> Bool {
        var value = value
        return value.withUTF8 { unsafe appendHeader(named: name, Span(_unsafeElements: $0)) }
    }

    /// Appends text that the code itself spells, such as whole header lines. It is written as it is.
    @inline(__always)
    public mutating func appendStatic(_ text: StaticString) {
        unsafe append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends `content-length` with its value and line end.
    public mutating func appendContentLength(_ count: Int) {
        appendStatic("content-length: ")
        appendDecimal(count)
        appendLineEnd()
    }

    /// Appends a number that is not negative, in decimal.
    public mutating func appendDecimal(_ number: Int) {
        precondition(number >= 0, "A length is not negative.")
        guard number >= 10 else { return append(UInt8(truncatingIfNeeded: number) + 0x30) }
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var from = 20
        var rest = number
        while rest > 0 {
            from -= 1
            digits[from] = UInt8(truncatingIfNeeded: rest % 10) + 0x30
            rest /= 10
        }
        for at in from..<20 { append(digits[at]) }
    }

    /// Appends the line end of a field, or the empty line that ends a head.
    @inline(__always)
    public mutating func appendLineEnd() {
        append(0x0D)
        append(0x0A)
    }
}

/// The status lines, spelled once.
struct StatusLines: Sendable {
    static let shared = StatusLines()

    private let lines: [[UInt8]]

    private init() {
        lines = (100..<600).map { Array("HTTP/1.1 \($0) \(StatusLines.reason($0))\r\n".utf8) }
    }

    subscript(status: Int) -> [UInt8] {
        precondition(status >= 100 && status < 600, "A status lies between 100 and 599.")
        return lines[status - 100]
    }

    /// The reason phrase of RFC 9110, section 15; empty for a status that it does not name.
    static func reason(_ status: Int) -> String {
        switch status {
        case 100: "Continue"
        case 101: "Switching Protocols"
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 206: "Partial Content"
        case 301: "Moved Permanently"
        case 302: "Found"
        case 303: "See Other"
        case 304: "Not Modified"
        case 307: "Temporary Redirect"
        case 308: "Permanent Redirect"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 402: "Payment Required"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 406: "Not Acceptable"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 410: "Gone"
        case 411: "Length Required"
        case 412: "Precondition Failed"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 416: "Range Not Satisfiable"
        case 417: "Expectation Failed"
        case 421: "Misdirected Request"
        case 422: "Unprocessable Content"
        case 423: "Locked"
        case 426: "Upgrade Required"
        case 428: "Precondition Required"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: ""
        }
    }
}
