// What a server answered a test: status, header fields and body, as they came over the wire.

import JSON

/// One answer.
public struct TestAnswer: Sendable {
    public let status: Int
    /// Names in lower case, in the order in which they came.
    public let headers: [(name: String, value: String)]
    public let body: [UInt8]

    /// Reads a head without its empty line.
    init(head: String, body: [UInt8]) {
        let lines = head.split(separator: "\r\n", omittingEmptySubsequences: true)
        status = lines.first.flatMap { $0.split(separator: " ").dropFirst().first }.flatMap { Int($0) } ?? 0
        headers = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return (parts[0].lowercased(), parts.count > 1 ? TestAnswer.trimmed(parts[1]) : "")
        }
        self.body = body
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return String(text)
    }

    /// The value of the first header of that name, given in lower case.
    public subscript(header: String) -> String? { headers.first { $0.name == header }?.value }

    public var text: String { String(decoding: body, as: UTF8.self) }

    /// The body as JSON; `null` when it is none.
    public var json: JSONValue { (try? JSONValue(parsing: body)) ?? .null }
}
