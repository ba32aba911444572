// Finds the endpoint of a request from the raw bytes of its path: a trie whose edges are segments, in flat arrays, matched without an
// allocation. A literal segment wins over a parameter. Only parameters are percent-decoded, and only when somebody asks for their text;
// an escaped slash separates nothing. Empty, `.` and `..` segments and a slash at the end match no route.

import Base

/// A table of routes.
public struct Router: Sendable {
    /// What a request's method and path lead to.
    public enum Match: Sendable {
        /// The endpoint of that index in the table, and where its parameters lie.
        case endpoint(Int, PathParameters)
        /// OPTIONS on a path that has no endpoint for it: answer 204 with this value of `Allow`.
        case options(allow: [UInt8])
        /// The path exists for other methods: answer 405 with this value of `Allow`.
        case methodNotAllowed(allow: [UInt8])
        /// No route has that path.
        case notFound
    }

    /// One route: a method and a pattern such as `/v1/agents/{agent}`.
    public struct Route: Sendable {
        public let method: Method
        public let pattern: String

        public init(_ method: Method, _ pattern: String) {
            self.method = method
            self.pattern = pattern
        }
    }

    /// A path of a route has at most so many segments.
    public static let segments = 16

    private struct Edge {
        var prefix: UInt64
        var text: Range<Int>
        var child: Int
    }

    private struct Node {
        var edges = 0..<0
        var parameter = -1
        var endpoints = InlineArray<10, Int32>(repeating: -1)
        var allow: [UInt8] = []
    }

    private var nodes: [Node] = []
    private var edges: [Edge] = []
    private var text: [UInt8] = []
    private let allowEverywhere: [UInt8]

    /// The routes in the order of their endpoints' indices. Two routes of the same method and shape, and two names for the parameter in
    /// one place, are a programmer's error.
    public init(_ routes: [Route]) {
        let root = RouteTree(routes)
        allowEverywhere = Router.allowValue(Set(routes.map(\.method)))
        nodes.append(Node())
        add(root, at: 0)
    }

    /// The value of `Allow`: HEAD is implied by GET, and OPTIONS is always there.
    private static func allowValue(_ methods: Set<Method>) -> [UInt8] {
        var all = methods.union([.options])
        if all.contains(.get) { all.insert(.head) }
        return Array(Method.allCases.filter(all.contains).map(\.name.description).joined(separator: ", ").utf8)
    }

    /// Lays `tree` out as the node at `index`: its edges side by side, then its children.
    private mutating func add(_ tree: RouteTree, at index: Int) {
        for (method, endpoint) in tree.endpoints { nodes[index].endpoints[Int(method.rawValue)] = Int32(endpoint) }
        if !tree.endpoints.isEmpty { nodes[index].allow = Router.allowValue(Set(tree.endpoints.keys)) }
        let first = edges.count
        for (segment, _) in tree.literals {
            let start = text.count
            text += segment
            let range = start..<text.count
            edges.append(Edge(prefix: Router.prefix(text.span, range), text: range, child: nodes.count))
            nodes.append(Node())
        }
        nodes[index].edges = first..<edges.count
        for (offset, literal) in tree.literals.enumerated() { add(literal.tree, at: edges[first + offset].child) }
        if let parameter = tree.parameter {
            nodes[index].parameter = nodes.count
            nodes.append(Node())
            add(parameter, at: nodes[index].parameter)
        }
    }

    /// The first eight bytes of a segment, fewer padded with zeros.
    @inline(__always)
    private static func prefix(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64 {
        if range.lowerBound + 8 <= bytes.count {
            let word = bytes.word(at: range.lowerBound)
            return range.count >= 8 ? word : word & ~(.max << UInt64(8 * range.count))
        }
        var word: UInt64 = 0
        for at in 0..<min(8, range.count) { word |= UInt64(bytes[range.lowerBound + at]) << UInt64(8 * at) }
        return word
    }

    // MARK: Matching

    /// The endpoint of `method` and of the path `bytes[path]`, which is raw.
    public func match(_ method: Method, _ bytes: Span<UInt8>, path: Range<Int>) -> Match {
        guard !path.isEmpty, bytes[path.lowerBound] == UInt8(ascii: "/") else {
            let isAsterisk = path.count == 1 && bytes[path.lowerBound] == UInt8(ascii: "*")
            return method == .options && isAsterisk ? .options(allow: allowEverywhere) : .notFound
        }
        var parameters = PathParameters()
        let found = path.count == 1 ? 0 : walk(0, bytes, path.lowerBound + 1..<path.upperBound, &parameters)
        guard found >= 0, !nodes[found].allow.isEmpty else { return .notFound }
        let endpoint = nodes[found].endpoints[Int(method.rawValue)]
        if endpoint >= 0 { return .endpoint(Int(endpoint), parameters) }
        let get = nodes[found].endpoints[Int(Method.get.rawValue)]
        if method == .head, get >= 0 { return .endpoint(Int(get), parameters) }
        return method == .options ? .options(allow: nodes[found].allow) : .methodNotAllowed(allow: nodes[found].allow)
    }

    /// The node that the segments in `rest` lead to from `node`, or -1. Recursion ends with the depth of the trie.
    private func walk(_ node: Int, _ bytes: Span<UInt8>, _ rest: Range<Int>, _ parameters: inout PathParameters) -> Int {
        let end = bytes.firstSlash(from: rest.lowerBound, to: rest.upperBound)
        let segment = rest.lowerBound..<end
        guard !segment.isEmpty else { return -1 }
        let isLast = end == rest.upperBound
        let behind = isLast ? end..<end : end + 1..<rest.upperBound
        let prefix = Router.prefix(bytes, segment)
        for index in nodes[node].edges where edges[index].prefix == prefix && isSame(edges[index].text, bytes, segment) {
            let child = edges[index].child
            let found = isLast ? reached(child) : walk(child, bytes, behind, &parameters)
            if found >= 0 { return found }
        }
        let parameter = nodes[node].parameter
        guard parameter >= 0, Router.isParameter(bytes, segment) else { return -1 }
        parameters.append(segment)
        let found = isLast ? reached(parameter) : walk(parameter, bytes, behind, &parameters)
        if found < 0 { parameters.removeLast() }
        return found
    }

    /// A node that ends a path only counts when a route ends there.
    @inline(__always)
    private func reached(_ node: Int) -> Int { nodes[node].allow.isEmpty ? -1 : node }

    private func isSame(_ literal: Range<Int>, _ bytes: Span<UInt8>, _ segment: Range<Int>) -> Bool {
        guard literal.count == segment.count else { return false }
        var offset = 8
        while offset < literal.count {
            guard text[literal.lowerBound + offset] == bytes[segment.lowerBound + offset] else { return false }
            offset += 1
        }
        return true
    }

    /// Whether a segment can be a parameter: its escapes are sound, and it does not mean `.` or `..`.
    private static func isParameter(_ bytes: Span<UInt8>, _ segment: Range<Int>) -> Bool {
        if segment.count > 6, !bytes.contains(UInt8(ascii: "%"), in: segment) { return true }
        var at = segment.lowerBound
        var decoded = 0
        var dots = 0
        while at < segment.upperBound {
            var byte = bytes[at]
            if byte == UInt8(ascii: "%") {
                guard let value = PercentCoding.escaped(bytes, at, segment.upperBound) else { return false }
                byte = value
                at += 2
            }
            if byte == UInt8(ascii: ".") { dots += 1 }
            decoded += 1
            at += 1
        }
        return dots < decoded || dots > 2
    }
}
