// Shapes without references, for readers who have only this one schema: discovery, and models that are told of a tool.
// Bound: `depthLimit`, since shapes may contain themselves.

import JSON

extension SchemaNode {
    private static let depthLimit = 8

    /// The same with every named shape written out where it is used; beyond the bound anything is taken.
    func inlined(depth: Int = 0) -> SchemaNode {
        guard depth < SchemaNode.depthLimit else { return SchemaNode(.any) }
        var node = self
        switch shape {
        case .named(_, let definition):
            var inner = definition().inlined(depth: depth + 1)
            inner.isNullable = isNullable || inner.isNullable
            if let standard { inner.standard = standard }
            return inner.described(summary)
        case .array(let element, let count):
            node.shape = .array(of: element.inlined(depth: depth + 1), count: count)
        case .map(let element, let count):
            node.shape = .map(of: element.inlined(depth: depth + 1), count: count)
        case .object(let properties, let isOpen):
            node.shape = .object(
                properties.map { Property($0.name, $0.node.inlined(depth: depth + 1), isRequired: $0.isRequired) }, isOpen: isOpen
            )
        case .any, .boolean, .integer, .number, .string, .enumeration: break
        }
        return node
    }
}
