// The shape of parameters given as text (a query or a path), declared like an input: `Query<ListAgents>("ListAgents") { parameters in … }`.
// Only kinds of values that text can spell are taken; the compiler sees to that.

public import Base

/// A declared set of parameters.
public struct Query<Value>: Sendable {
    /// What they are for, in a word: for the reader of the code.
    public let name: String
    let build: @Sendable (inout Parameters) -> Value

    /// Declares parameters. `build` names every one each time it runs, whatever they hold.
    public init(_ name: String, _ build: @escaping @Sendable (inout Parameters) -> Value) {
        self.name = name
        self.build = build
    }

    /// Reads decoded names and values. Unknown and repeated names are refused. Throws `.invalid` with all problems at once.
    public func decode(_ pairs: [(name: String, value: String)]) throws(Fault) -> Value {
        var parameters = Parameters(pairs)
        let value = build(&parameters)
        if parameters.found != pairs.count { parameters.refuseOthers(properties.map(\.name)) }
        guard parameters.problems.isEmpty else { throw parameters.problems.fault }
        return value
    }

    /// The parameters in the order of the declaration.
    public var properties: [SchemaNode.Property] {
        var parameters = Parameters(nil)
        _ = build(&parameters)
        return parameters.properties
    }

    /// Writes the elements of OpenAPI's `parameters`; `place` is `query` or `path`.
    public func write(place: StaticString = "query", to writer: inout JSONWriter) {
        for property in properties {
            writer.beginObject()
            writer.member("name", property.name)
            writer.key("in")
            writer.plain(place)
            writer.key("required")
            writer.bool(property.isRequired)
            if !property.node.summary.isEmpty { writer.member("description", property.node.summary) }
            writer.key("schema")
            var node = property.node
            node.summary = ""
            node.write(to: &writer)
            writer.endObject()
        }
    }
}

/// The parameters of one request, read or described.
public struct Parameters: ~Copyable {
    /// `nil` when they are described.
    private let pairs: [(name: String, value: String)]?
    fileprivate var found = 0
    fileprivate var problems = Problems()
    fileprivate var properties: [SchemaNode.Property] = []

    fileprivate init(_ pairs: [(name: String, value: String)]?) {
        self.pairs = pairs
    }

    /// A parameter that has to be there.
    public mutating func required<Shape: TextShape>(
        _ name: StaticString, _ shape: Shape, _ summary: StaticString
    ) -> Shape.Value {
        if pairs == nil {
            note(name, shape.schema, summary, isRequired: true)
            return shape.placeholder
        }
        if let value = read(name, shape) { return value }
        problems.add(.required, "This parameter is required.", at: name.description)
        return shape.placeholder
    }

    /// A parameter that may be left out.
    public mutating func optional<Shape: TextShape>(
        _ name: StaticString, _ shape: Shape, _ summary: StaticString
    ) -> Shape.Value? {
        if pairs == nil { note(name, shape.schema, summary, isRequired: false) }
        return read(name, shape)
    }

    /// A parameter for which `standard` stands when it is left out.
    public mutating func defaulted<Shape: TextShape>(
        _ name: StaticString, _ shape: Shape, _ standard: Shape.Value, _ summary: StaticString
    ) -> Shape.Value {
        if pairs == nil { note(name, shape.schema.standing(for: shape.describe(standard)), summary, isRequired: false) }
        return read(name, shape) ?? standard
    }

    /// Refuses a parameter by a rule over several.
    public mutating func refuse(_ name: String, _ code: Problems.Code, _ message: String) {
        problems.add(code, message, at: name)
    }

    private mutating func read<Shape: TextShape>(_ name: StaticString, _ shape: Shape) -> Shape.Value? {
        let text = name.description
        guard let pair = pairs?.first(where: { $0.name == text }) else { return nil }
        found += 1
        let before = problems.count
        let value = shape.decode(text: pair.value, &problems)
        if problems.count > before { problems.prefix(from: before, text) }
        return value
    }

    private mutating func note(_ name: StaticString, _ node: SchemaNode, _ summary: StaticString, isRequired: Bool) {
        properties.append(SchemaNode.Property(name.description, node.described(summary.description), isRequired: isRequired))
    }

    /// Refuses by name the parameters that are unknown, and those given more than once.
    fileprivate mutating func refuseOthers(_ names: [String]) {
        var seen: Set<String> = []
        for pair in pairs ?? [] {
            let path = String(pair.name.prefix(Problems.nameCharacters))
            if !names.contains(pair.name) {
                problems.add(.unknown, "There is no such parameter.", at: path)
            } else if !seen.insert(pair.name).inserted {
                problems.add(.duplicate, "This parameter was given more than once.", at: path)
            }
        }
    }
}
