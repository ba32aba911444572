// The header fields that a tool sends as it is told: checked when a definition is saved, as far as they are known by then.

import HTTP
import JSON

/// Reads header fields by name, each of which can be sent.
struct HeaderFieldsShape: ValueShape {
    private let map: MapShape<StringShape>

    /// - Parameter count: how many.
    init(_ count: ClosedRange<Int>) {
        map = MapShape(of: StringShape(0...8192), count)
    }

    func decode(_ view: JSONView, _ problems: inout Problems) -> [String: String] {
        let before = problems.fields.count
        let fields = map.decode(view, &problems)
        guard problems.fields.count == before else { return [:] }
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
            if let refusal = ClientHeader.refusal(name, value) { problems.add(.format, refusal, at: name.cut(bytes: 100)) }
        }
        return fields
    }

    var placeholder: [String: String] { [:] }
    var schema: SchemaNode { map.schema }
    func describe(_ value: [String: String]) -> JSONValue? { map.describe(value) }
}
