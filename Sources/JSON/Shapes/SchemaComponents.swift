// The named shapes of an OpenAPI document, each once, found by walking from the shapes that endpoints use.

/// What stands under `components.schemas`.
public struct SchemaComponents: Sendable {
    /// The shapes by name.
    public private(set) var schemas: [String: SchemaNode] = [:]

    public init() {}

    /// Takes in every named shape that `node` is or contains. Two different shapes of one name are a programmer's error.
    public mutating func add(_ node: SchemaNode) {
        switch node.shape {
        case .array(let element, _), .map(let element, _): add(element)
        case .object(let properties, _):
            for property in properties { add(property.node) }
        case .named(let name, let definition):
            let defined = definition()
            guard let known = schemas[name] else {
                schemas[name] = defined
                return add(defined)
            }
            precondition(known.text == defined.text, "two shapes have the name \(name)")
        default: break
        }
    }

    /// Writes the object of all shapes, by name.
    public func write(to writer: inout JSONWriter) {
        writer.beginObject()
        for (name, node) in schemas.sorted(by: { $0.key < $1.key }) {
            writer.key(name: name)
            node.write(to: &writer)
        }
        writer.endObject()
    }
}

extension SchemaNode {
    /// The schema as JSON.
    public var text: String {
        var writer = JSONWriter()
        write(to: &writer)
        return String(decoding: writer.finish(), as: UTF8.self)
    }
}
