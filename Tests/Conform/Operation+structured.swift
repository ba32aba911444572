// `sf.parse`: `type` is item, list or dictionary, `raw` the lines of the field.

import HTTP
import JSON

extension Operation {
    static func parseStructured(_ fields: Fields) -> JSONValue? {
        guard let type = fields.text("type"), let raw = fields.request["raw"] else { return nil }
        var lines: [String] = []
        for line in raw.elements {
            guard let line = line.string() else { return nil }
            lines.append(line)
        }
        let text = Array(lines.joined(separator: ", ").utf8)
        switch type {
        case "item": return ["ok": .bool(StructuredField.item(text) != nil)]
        case "list": return ["ok": .bool(StructuredField.list(text) != nil)]
        case "dictionary": return ["ok": .bool(StructuredField.dictionary(text) != nil)]
        default: return nil
        }
    }
}
