// A change of records as it is sent: an object with exactly one member, whose name is what is done.

import Base
import JSON

extension RecordStep {
    private static let names = FieldMap(of: FieldPathShape())

    static let input = Input<RecordStep>("RecordStep", "One change of the records; exactly one of its members is given.") {
        fields in
        let paths = ArrayShape(of: FieldPathShape(), 1...fieldLimit)
        let rename = fields.optional("rename", names, "New paths by old ones.")
        let keep = fields.optional("keep", paths, "The only fields that stay.")
        let drop = fields.optional("drop", paths, "Fields that are taken away.")
        let cast = fields.optional("cast", FieldMap(of: EnumerationShape<ValueType>()), "Kinds of values by fields.")
        let set = fields.optional("set", FieldMap(of: FreeShape(bytes: 16_384, isObject: false)), "Values by fields.")
        let derive = fields.optional("derive", Derivation.input, "A field computed from others.")
        let filter = fields.optional("filter", RecordFilter.input, "Which records stay.")
        let dedupe = fields.optional(
            "dedupe", .array(of: FieldPathShape(), 0...fieldLimit),
            "Of records with equal such fields the first stays; none for all fields.")
        let sort = fields.optional("sort", .array(of: DatasetQuery.Sort.input, 1...8), "By which fields they are sorted.")
        let flatten = fields.optional(
            "flatten", .string(1...3, format: .line), "Objects inside become fields, their names joined by this.")
        let limit = fields.optional("limit", .integer(0...RecordBounds.records), "How many stay at most.")
        let steps: [RecordStep?] = [
            rename.map { .rename($0.map { (from: $0.field, to: $0.value) }) }, keep.map { .keep($0) }, drop.map { .drop($0) },
            cast.map { .cast($0.map { (field: $0.field, type: $0.value) }) }, set.map { .set($0) }, derive.map { .derive($0) },
            filter.map { .filter($0) }, dedupe.map { .dedupe($0) }, sort.map { .sort($0) },
            flatten.map { .flatten(separator: $0) }, limit.map { .limit($0) },
        ]
        let given = steps.compactMap { $0 }
        fields.refuse("rename", .required, "A step has exactly one member that says what is done.", when: given.count != 1)
        return given.first ?? .limit(0)
    }
}

/// What all work on records is bounded by.
enum RecordBounds {
    /// The most records that are held at once.
    static let records = 50_000
    /// The most bytes of a text that records are read from, and of records that are held or written together.
    static let bytes = 8 << 20
    /// The most bytes of records that a step gives as its output.
    static let outputBytes = 800 << 10
}

/// An object whose names are paths of fields.
struct FieldMap<Element: ValueShape>: ValueShape where Element.Value: Sendable {
    typealias Entry = (field: FieldPath, value: Element.Value)

    private let map: MapShape<Element>

    init(of element: Element) {
        map = MapShape(of: element, 1...RecordStep.fieldLimit)
    }

    func decode(_ view: JSONView, _ problems: inout Problems) -> [Entry] {
        let before = problems.fields.count
        var entries: [Entry] = []
        for (name, value) in map.decode(view, &problems).sorted(by: { $0.key < $1.key }) {
            if let field = FieldPath(name) {
                entries.append((field, value))
            } else {
                problems.add(.format, "The name must be a path such as `address.lines[0]`.", at: String(name.prefix(100)))
            }
        }
        return problems.fields.count == before ? entries : []
    }

    var placeholder: [Entry] { [] }
    var schema: SchemaNode { map.schema }
}
