// The reader that a declaration of an input runs over. The same closure is run in two ways: over an object, where each field is found,
// read and checked; and over nothing, where each field is only noted for the description. So nothing about a shape is written twice.
// The closure has to name all its fields, every time: a rule between fields goes to `refuse`, or behind the decoding.

/// The fields of one object, read or described.
@safe public struct Fields: ~Copyable {
    @usableFromInline enum Purpose: UInt8 {
        case decode, describe
    }

    @usableFromInline let purpose: Purpose
    @usableFromInline let view: JSONView
    /// Where the next name probably is.
    @usableFromInline var hint: Int
    /// How many of the object's members a field was named for.
    @usableFromInline var found = 0
    @usableFromInline var problems: Problems
    var properties: [SchemaNode.Property] = []

    @inlinable init(_ purpose: Purpose, _ view: JSONView, _ problems: consuming Problems) {
        self.purpose = purpose
        self.view = view
        self.problems = problems
        hint = Int(view.index) + 1
    }

    // MARK: Declaring fields

    /// A field that has to be there.
    @inlinable public mutating func required<Shape: ValueShape>(
        _ name: StaticString, _ shape: Shape, _ summary: StaticString
    ) -> Shape.Value {
        if purpose == .describe { return describe(name, shape, summary, isRequired: true) }
        guard let value = take(name) else {
            problems.add(.required, "This field is required.", at: name.description)
            return shape.placeholder
        }
        return decode(name, value, shape)
    }

    /// A field that may be left out, or be `null`, which says the same.
    @inlinable public mutating func optional<Shape: ValueShape>(
        _ name: StaticString, _ shape: Shape, _ summary: StaticString
    ) -> Shape.Value? {
        if purpose == .describe {
            note(name, shape.schema.nullable, summary, isRequired: false)
            return nil
        }
        guard let value = take(name), !value.isNull else { return nil }
        return decode(name, value, shape)
    }

    /// A field for which `standard` stands when it is left out or `null`.
    @inlinable public mutating func defaulted<Shape: ValueShape>(
        _ name: StaticString, _ shape: Shape, _ standard: @autoclosure () -> Shape.Value, _ summary: StaticString
    ) -> Shape.Value {
        if purpose == .describe {
            let standard = standard()
            note(name, shape.schema.standing(for: shape.describe(standard)), summary, isRequired: false)
            return standard
        }
        guard let value = take(name), !value.isNull else { return standard() }
        return decode(name, value, shape)
    }

    /// A field of a PATCH that can be emptied by `null`.
    @inlinable public mutating func patch<Shape: ValueShape>(
        _ name: StaticString, _ shape: Shape, _ summary: StaticString
    ) -> Change<Shape.Value> {
        if purpose == .describe {
            note(name, shape.schema.nullable, summary, isRequired: false)
            return .absent
        }
        guard let value = take(name) else { return .absent }
        return value.isNull ? .null : .value(decode(name, value, shape))
    }

    /// A rule between fields: when `condition` holds, the field of that name is refused.
    public mutating func refuse(
        _ name: String, _ code: Problems.Code, _ message: String, when condition: @autoclosure () -> Bool
    ) {
        // What was noted before may have left placeholders behind, about which a rule would say something untrue.
        guard purpose == .decode, problems.isEmpty, condition() else { return }
        problems.add(code, message, at: name)
    }

    // MARK: Inside

    @inlinable @inline(__always) mutating func take(_ name: StaticString) -> JSONView? {
        guard let index = unsafe view.find(name.utf8Start, name.utf8CodeUnitCount, hint: &hint) else { return nil }
        found &+= 1
        return view.at(index)
    }

    @inlinable @inline(__always) mutating func decode<Shape: ValueShape>(
        _ name: StaticString, _ value: JSONView, _ shape: Shape
    ) -> Shape.Value {
        let before = problems.count
        let result = shape.decode(value, &problems)
        if problems.count > before { problems.prefix(from: before, name.description) }
        return result
    }

    @usableFromInline mutating func describe<Shape: ValueShape>(
        _ name: StaticString, _ shape: Shape, _ summary: StaticString, isRequired: Bool
    ) -> Shape.Value {
        note(name, shape.schema, summary, isRequired: isRequired)
        return shape.placeholder
    }

    @usableFromInline mutating func note(
        _ name: StaticString, _ node: SchemaNode, _ summary: StaticString, isRequired: Bool
    ) {
        let node = node.described(summary.description)
        properties.append(SchemaNode.Property(name.description, node, isRequired: isRequired))
    }

    /// Refuses by name the members for which `names` has no field.
    mutating func refuseUnknown(_ names: [String]) {
        for (name, _) in view.members {
            let text = name.string() ?? ""
            if !names.contains(text) {
                problems.add(.unknown, "There is no such field.", at: String(text.prefix(Problems.nameCharacters)))
            }
        }
    }
}
