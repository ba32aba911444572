// The spelling of a described shape: JSON Schema 2020-12, where `null` is one of the types and a reference may have company.

extension SchemaNode {
    /// Writes the schema. Named shapes are written as references to `#/components/schemas/…`.
    public func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writeShape(to: &writer)
        if !summary.isEmpty {
            writer.key("description")
            writer.string(summary)
        }
        if let standard {
            writer.key("default")
            standard.write(to: &writer)
        }
        if let example {
            writer.key("examples")
            writer.beginArray()
            example.write(to: &writer)
            writer.endArray()
        }
        writer.endObject()
    }

    private func writeShape(to writer: inout JSONWriter) {
        switch shape {
        case .any: break
        case .boolean: writeType("boolean", to: &writer)
        case .integer(let range):
            writeType("integer", to: &writer)
            if let range {
                if range.lowerBound != .min { writer.member("minimum", range.lowerBound) }
                if range.upperBound != .max { writer.member("maximum", range.upperBound) }
            }
        case .number(let range):
            writeType("number", to: &writer)
            if let range {
                writer.key("minimum")
                writer.double(range.lowerBound)
                writer.key("maximum")
                writer.double(range.upperBound)
            }
        case .string(let length, let format, let pattern):
            writeType("string", to: &writer)
            writeBounds(length, "minLength", "maxLength", to: &writer)
            writer.member("format", format)
            writer.member("pattern", pattern)
        case .enumeration(let values):
            writeType("string", to: &writer)
            writer.key("enum")
            writer.beginArray()
            for value in values { writer.string(value) }
            if isNullable { writer.null() }
            writer.endArray()
        case .array(let element, let count):
            writeType("array", to: &writer)
            writer.key("items")
            element.write(to: &writer)
            writeBounds(count, "minItems", "maxItems", to: &writer)
        case .object(let properties, let isOpen): writeObject(properties, isOpen: isOpen, to: &writer)
        case .map(let element, let count):
            writeType("object", to: &writer)
            writer.key("additionalProperties")
            element.write(to: &writer)
            writeBounds(count, "minProperties", "maxProperties", to: &writer)
        case .named(let name, _): writeReference(name, to: &writer)
        }
    }

    private func writeType(_ type: String, to writer: inout JSONWriter) {
        writer.key("type")
        guard isNullable else { return writer.string(type) }
        writer.beginArray()
        writer.string(type)
        writer.string("null")
        writer.endArray()
    }

    private func writeBounds(
        _ bounds: ClosedRange<Int>?, _ least: StaticString, _ most: StaticString, to writer: inout JSONWriter
    ) {
        guard let bounds else { return }
        if bounds.lowerBound > 0 { writer.member(least, bounds.lowerBound) }
        if bounds.upperBound != .max { writer.member(most, bounds.upperBound) }
    }

    private func writeObject(_ properties: [Property], isOpen: Bool, to writer: inout JSONWriter) {
        writeType("object", to: &writer)
        if !properties.isEmpty {
            writer.key("properties")
            writer.beginObject()
            for property in properties {
                writer.key(name: property.name)
                property.node.write(to: &writer)
            }
            writer.endObject()
        }
        let required = properties.filter(\.isRequired)
        if !required.isEmpty {
            writer.key("required")
            writer.beginArray()
            for property in required { writer.string(property.name) }
            writer.endArray()
        }
        if !isOpen {
            writer.key("additionalProperties")
            writer.bool(false)
        }
    }

    private func writeReference(_ name: String, to writer: inout JSONWriter) {
        guard isNullable else { return writer.member("$ref", "#/components/schemas/\(name)") }
        writer.key("anyOf")
        writer.beginArray()
        writer.beginObject()
        writer.member("$ref", "#/components/schemas/\(name)")
        writer.endObject()
        writer.beginObject()
        writer.member("type", "null")
        writer.endObject()
        writer.endArray()
    }
}

extension JSONWriter {
    mutating func member(_ name: StaticString, _ value: Int) {
        key(name)
        int(value)
    }

    /// Nothing at all when there is no value.
    mutating func member(_ name: StaticString, _ value: String?) {
        guard let value else { return }
        key(name)
        string(value)
    }
}
