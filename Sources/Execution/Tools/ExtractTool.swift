// `extract`: records out of a text: lines by a pattern, pages of HTML by selectors, CSV, JSON and NDJSON by names and paths. It reads what it
// is given or what the tool before has fetched.
// Bounds: `RecordBounds`, `contentBytes`, `fieldLimit` fields.

import Base
import HTML
import JSON
import Loop

/// Reads records out of a text.
struct ExtractTool: Tool {
    enum Format: String, Sendable, CaseIterable {
        case text, html, csv, json, ndjson
    }

    static let contentBytes = 768 << 10
    static let fieldLimit = 1...50
    /// The most bytes of one field of a page.
    static let textBytes = 16 << 10

    struct Arguments: Sendable {
        let format: Format
        let content: String?
        let given: GivenRecords
        let fields: [String: String]
        let each: String?
        let pattern: String?
        let path: FieldPath?
        let delimiter: String
        let hasHeader: Bool
    }

    private let pool: BlockingPool

    init(pool: BlockingPool) {
        self.pool = pool
    }

    let name = "extract"
    let version = "1.0.0"
    let summary = "Reads records out of text, HTML, CSV, JSON or NDJSON."
    let category = "data"
    let effect = Effect.pure
    let configuration = ExtractTool.declaration("ExtractConfiguration")
    let arguments = ExtractTool.declaration("ExtractArguments")
    var output: SchemaNode { RecordList.output.schema }

    let examples = [
        ToolExample(
            "Lines of a report", configuration: ["format": "text", "pattern": "{city}: {count} ships"],
            input: ["content": "Bergen: 12 ships\nnothing here\nPorto: 7 ships"]),
        ToolExample(
            "The links of a list",
            configuration: ["format": "html", "each": "ul > li", "fields": ["name": "a", "url": "a@href"]],
            input: ["content": "<ul><li><a href='/one'>One</a><li><a href='/two'>Two</a></ul>"]),
        ToolExample("A table", configuration: ["format": "csv"], input: ["content": "name,price\nfig,3\n\"pear, ripe\",2\n"]),
    ]

    private static func declaration(_ name: String) -> Input<Arguments> {
        Input<Arguments>(name, "A text and what is looked for in it.") { fields in
            let format = fields.defaulted("format", .enumeration(Format.self), .json, "What the text is.")
            let content = fields.optional(
                "content", .string(0...contentBytes), "The text; otherwise `text`, `json` or the whole output of the tool before."
            )
            let given = GivenRecords(&fields)
            let map = fields.defaulted(
                "fields", .map(of: StringShape(HTMLSelector.characters), fieldLimit), [:],
                "What goes into which field: a path in JSON and CSV, a selector in HTML, with @ and an attribute behind it for that."
            )
            let each = fields.optional("each", .string(HTMLSelector.characters), "The elements of a page that are a record each.")
            let pattern = fields.optional(
                "pattern", .string(LinePattern.characters), "A line of the text with {names} where the fields stand.")
            let path = fields.optional("path", .fieldPath, "Where the array lies in JSON.")
            let delimiter = fields.defaulted("delimiter", .string(1...1), ",", "What stands between the fields of CSV.")
            let hasHeader = fields.defaulted("header", .boolean, true, "Whether the first line of CSV holds the names.")
            fields.refuse(
                "pattern", .format, "This must have {names} with text between them, each once.",
                when: pattern.map { LinePattern($0) == nil } ?? false)
            fields.refuse(
                "each", .format, "This is no selector that is understood.", when: each.map { HTMLSelector($0) == nil } ?? false)
            fields.refuse("delimiter", .format, "This must be one character of ASCII.", when: delimiter.utf8.count != 1)
            fields.refuse(
                "delimiter", .format, "A quote or a line end can't stand between fields.", when: "\"\r\n".contains(delimiter))
            for (name, text) in map {
                let isSound = format == .html ? Cell(text) != nil : FieldPath(text) != nil
                fields.refuse(
                    "fields.\(name)", .format, "This is neither a path nor a selector that is understood.", when: !isSound)
            }
            return Arguments(
                format: format, content: content, given: given, fields: map, each: each, pattern: pattern, path: path,
                delimiter: delimiter, hasHeader: hasHeader)
        }
    }

    func redacted(_ input: JSONObject) -> JSONObject {
        var shown = input
        // It stands in the journal already, as the output of the step before.
        shown["previous"] = nil
        return shown
    }

    /// What goes into a field of a page: an element's text, or one of its attributes.
    private struct Cell {
        let selector: HTMLSelector
        let attribute: String?

        init?(_ text: String) {
            let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
            guard let selector = HTMLSelector(String(parts[0])), parts.count == 1 || !parts[1].isEmpty else { return nil }
            self.selector = selector
            attribute = parts.count == 2 ? parts[1].lowercased() : nil
        }
    }

    func call(_ arguments: Arguments, in context: ToolContext) async throws(StepFailure) -> JSONValue {
        try await RecordList.made(on: pool) { () throws(Fault) in
            let records = try ExtractTool.records(arguments)
            return RecordList(records: records, read: records.count)
        }
    }

    private static func records(_ arguments: Arguments) throws(Fault) -> [JSONObject] {
        let bytes = try content(arguments)
        switch arguments.format {
        case .text:
            guard let pattern = arguments.pattern.flatMap({ LinePattern($0) }) else {
                throw .invalid("pattern", "required", "A text is read by a pattern.")
            }
            return try pattern.records(bytes, limit: RecordBounds.records)
        case .html: return try page(bytes, arguments)
        case .csv, .json, .ndjson:
            var text = RecordText(format: RecordFormat(rawValue: arguments.format.rawValue) ?? .json)
            text.path = arguments.path
            text.delimiter = arguments.delimiter.utf8.first ?? UInt8(ascii: ",")
            text.hasHeader = arguments.hasHeader
            let records = try text.records(bytes, limit: RecordBounds.records)
            return arguments.fields.isEmpty
                ? records : try records.map { record throws(Fault) in try chosen(record, arguments.fields) }
        }
    }

    private static func content(_ arguments: Arguments) throws(Fault) -> [UInt8] {
        if let content = arguments.content { return Array(content.utf8) }
        guard let before = arguments.given.before else {
            throw .invalid("content", "required", "There is no text: give it, or use a tool before that does.")
        }
        if let text = before.string ?? before["text"]?.string ?? before["main_text"]?.string { return Array(text.utf8) }
        return (before["json"] ?? before).bytes
    }

    private static func chosen(_ record: JSONObject, _ fields: [String: String]) throws(Fault) -> JSONObject {
        var result = JSONObject()
        for (name, path) in fields.sorted(by: { $0.key < $1.key }) {
            result[name] = FieldPath(path)?.value(in: record) ?? .null
        }
        return result
    }

    /// Every match goes to the nearest element around it that is a record; the first one of a field stays.
    private static func page(_ bytes: [UInt8], _ arguments: Arguments) throws(Fault) -> [JSONObject] {
        guard !arguments.fields.isEmpty else {
            throw .invalid("fields", "required", "A page is read by the selectors of its fields.")
        }
        let document = HTMLDocument(bytes)
        let tops = arguments.each.flatMap { HTMLSelector($0) }.map { $0.elements(of: document) } ?? [0]
        guard tops.count <= RecordBounds.records else {
            throw Fault(.limitReached, "There are more than \(RecordBounds.records) records.")
        }
        let names = arguments.fields.keys.sorted()
        var empty = JSONObject()
        for name in names { empty[name] = .null }
        var records: [Int: JSONObject] = Dictionary(uniqueKeysWithValues: tops.map { ($0, empty) })
        for name in names {
            guard let cell = arguments.fields[name].flatMap({ Cell($0) }) else { continue }
            for element in cell.selector.elements(of: document) {
                var top = element
                while top >= 0, records[top] == nil { top = Int(document.nodes[top].parent) }
                guard top >= 0, records[top]?[name]?.isNull == true else { continue }
                let text =
                    cell.attribute.map { document.attribute($0, of: element) } ?? document.text(within: element, limit: textBytes)
                records[top]?[name] = text.map { .string($0) } ?? .null
            }
        }
        return tops.compactMap { records[$0] }
    }
}
