// What an expression looks for, without evaluating it: so that one that names what can't be there is refused when it is saved.

extension JMESPath {
    /// The names that the expression looks for in the value it is applied to.
    public var names: [String] {
        var found: [String] = []
        JMESPath.collect(root, isRoot: true) { node in
            if case .field(let name) = node { found.append(name) }
        }
        return found
    }

    /// The names that the expression looks for right below the member `name` of the value it is applied to, such as `a` and `b` of
    /// `name` for `length(name.a) > name.b[0]`. What is looked up some other way, such as `values(name)`, is not told.
    public func members(of name: String) -> [String] {
        var found: [String] = []
        JMESPath.collect(root, isRoot: true) { node in
            if case .chain(let first, let second) = node, JMESPath.isField(first, name), let next = JMESPath.head(second) {
                found.append(next)
            }
        }
        return found
    }

    /// Hands out every node that is applied to the whole value. Recursion is bounded by `depth`.
    private static func collect(_ node: JMESPathNode, isRoot: Bool, _ body: (JMESPathNode) -> Void) {
        guard isRoot else { return }
        body(node)
        switch node {
        case .current, .field, .index, .slice, .literal, .reference: break
        case .chain(let first, let second):
            collect(first, isRoot: true, body)
            collect(second, isRoot: isCurrent(first), body)
        case .or(let first, let second), .and(let first, let second), .comparison(_, let first, let second):
            collect(first, isRoot: true, body)
            collect(second, isRoot: true, body)
        case .not(let operand), .flatten(let operand): collect(operand, isRoot: true, body)
        case .list(let parts), .call(_, let parts):
            for part in parts { collect(part, isRoot: true, body) }
        case .object(let members):
            for member in members { collect(member.value, isRoot: true, body) }
        // What is behind a projection is applied to its elements.
        case .elements(let source, _), .values(let source, _), .filter(let source, _, _): collect(source, isRoot: true, body)
        }
    }

    private static func isCurrent(_ node: JMESPathNode) -> Bool {
        if case .current = node { true } else { false }
    }

    private static func isField(_ node: JMESPathNode, _ name: String) -> Bool {
        if case .field(let text) = node { text == name } else { false }
    }

    /// The field that a node looks for first.
    private static func head(_ node: JMESPathNode) -> String? {
        switch node {
        case .field(let name): name
        case .chain(let first, _), .elements(let first, _), .values(let first, _), .filter(let first, _, _), .flatten(let first):
            head(first)
        default: nil
        }
    }
}
