// A filter as PostgreSQL runs it: an SQL/JSON path with its values apart, in `jsonb_path_match(body, path, values, true)`. The statement is
// always the same text; path and values are its parameters. In the path stand our own words and, as quoted literals, the names of fields
// and the texts that `contains` looks for; a literal of JSON is one of the path language, so that no name can end it.
// The strict mode is used: nothing is looked for inside arrays that was not asked for.

import JSON
import Postgres

/// The parameters of the statement that reads records.
struct FilterProgram: Sendable {
    /// The path; `nil` when all records are wanted.
    let path: String?
    /// The values that the path names `$v0`, `$v1` ….
    let values: JSONBytes

    init(_ filter: RecordFilter?) {
        guard let filter else {
            path = nil
            values = JSONBytes(Array("{}".utf8))
            return
        }
        var values = JSONObject()
        path = "strict " + FilterProgram.spell(filter, &values)
        self.values = JSONBytes(JSONValue.object(values).bytes)
    }

    /// Recursion is bounded by `RecordFilter.depth`.
    private static func spell(_ filter: RecordFilter, _ values: inout JSONObject) -> String {
        switch filter {
        case .all(let parts): return "(" + parts.map { spell($0, &values) }.joined(separator: " && ") + ")"
        case .any(let parts): return "(" + parts.map { spell($0, &values) }.joined(separator: " || ") + ")"
        case .field(let field, let comparison, let wanted):
            return spell(self.path(field), comparison, wanted, &values)
        }
    }

    private static func spell(
        _ path: String, _ comparison: RecordFilter.Comparison, _ wanted: JSONValue, _ values: inout JSONObject
    ) -> String {
        switch comparison {
        case .eq: return "(\(path) == \(name(wanted, &values)))"
        // What has no such field, or one of another kind, is unknown to the language and unequal to us.
        case .ne:
            let equal = "(\(path) == \(name(wanted, &values)))"
            return "((\(equal) is unknown) || !(\(equal)))"
        case .lt: return "(\(path) < \(name(wanted, &values)))"
        case .lte: return "(\(path) <= \(name(wanted, &values)))"
        case .gt: return "(\(path) > \(name(wanted, &values)))"
        case .gte: return "(\(path) >= \(name(wanted, &values)))"
        case .in:
            let parts = (wanted.array ?? []).map { "\(path) == \(name($0, &values))" }
            return "(" + parts.joined(separator: " || ") + ")"
        case .contains:
            let element = "exists(\(path)[*] ? (@ == \(name(wanted, &values))))"
            guard let text = wanted.string else { return "(\(element))" }
            return "((\(path) like_regex \(quote(text)) flag \"q\") || \(element))"
        case .exists:
            return wanted == .bool(false) ? "((exists(\(path))) is unknown)" : "(exists(\(path)))"
        }
    }

    /// Puts a value among the others.
    private static func name(_ value: JSONValue, _ values: inout JSONObject) -> String {
        let name = "v\(values.count)"
        values[name] = value
        return "$" + name
    }

    private static func path(_ field: FieldPath) -> String {
        field.steps.reduce("$") { path, step in
            switch step {
            case .name(let name): path + "." + quote(name)
            case .index(let index): path + "[\(index)]"
            }
        }
    }

    private static func quote(_ text: String) -> String { String(decoding: JSONValue.string(text).bytes, as: UTF8.self) }
}
