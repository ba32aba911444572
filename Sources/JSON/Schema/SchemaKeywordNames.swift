// Where subschemas stand in a schema: everything else, such as the values of `enum`, may look like a schema and is none.

/// The keywords that hold schemas.
enum SchemaKeywordNames {
    private static let single: Set<String> = [
        "additionalProperties", "contains", "else", "if", "items", "not", "propertyNames", "then",
    ]
    private static let single7: Set<String> = ["additionalItems"]
    private static let single2020: Set<String> = ["contentSchema", "unevaluatedItems", "unevaluatedProperties"]
    private static let lists: Set<String> = ["allOf", "anyOf", "oneOf"]
    private static let maps: Set<String> = ["definitions", "patternProperties", "properties"]
    private static let maps2020: Set<String> = ["$defs", "dependentSchemas"]

    /// The subschemas right below a place.
    static func children(of place: SchemaCompiler.Place, _ object: JSONObject) -> [SchemaCompiler.Place] {
        let is7 = place.dialect == .draft7
        var children: [SchemaCompiler.Place] = []
        func add(_ value: JSONValue, _ path: String) {
            let pointer = place.pointer + path
            children.append(
                .init(value: value, document: place.document, pointer: pointer, base: place.base, dialect: place.dialect))
        }
        for member in object.members {
            let name = member.name
            let path = "/" + JSONPointer.escaped(name)
            if single.contains(name) || (is7 ? single7 : single2020).contains(name) { add(member.value, path) }
            if lists.contains(name) || name == (is7 ? "items" : "prefixItems"), case .array(let elements) = member.value {
                for (index, element) in elements.enumerated() { add(element, path + "/\(index)") }
            }
            if maps.contains(name) || (is7 ? name == "dependencies" : maps2020.contains(name)),
                case .object(let inner) = member.value
            {
                for member in inner.members { add(member.value, path + "/" + JSONPointer.escaped(member.name)) }
            }
        }
        return children
    }
}
