// The routes as a tree of dictionaries, built once at start: finds the mistakes of a route table before it is laid out for matching.

/// One node while the table is built.
final class RouteTree {
    private(set) var literals: [(segment: [UInt8], tree: RouteTree)] = []
    private(set) var parameter: RouteTree?
    private(set) var endpoints: [Method: Int] = [:]
    private var parameterName = ""

    private init() {}

    convenience init(_ routes: [Router.Route]) {
        self.init()
        for (endpoint, route) in routes.enumerated() { insert(route, endpoint) }
    }

    private func insert(_ route: Router.Route, _ endpoint: Int) {
        let segments = RouteTree.segments(route.pattern)
        var node = self
        var names: Set<String> = []
        for segment in segments {
            if segment.hasPrefix("{") {
                let name = String(segment.dropFirst().dropLast())
                precondition(names.insert(name).inserted, "\(route.pattern) names two parameters \(name).")
                node = node.parameterChild(name, route.pattern)
            } else {
                node = node.literalChild(Array(segment.utf8))
            }
        }
        precondition(names.count <= PathParameters.capacity, "\(route.pattern) has too many parameters.")
        precondition(route.method != .other && route.method != .connect, "A route names one of the methods that are served.")
        precondition(node.endpoints[route.method] == nil, "\(route.method.name) \(route.pattern) conflicts with another route.")
        node.endpoints[route.method] = endpoint
    }

    /// The segments of a pattern; none for `/`.
    static func segments(_ pattern: String) -> [Substring] {
        precondition(pattern.hasPrefix("/"), "The pattern \(pattern) does not begin with a slash.")
        guard pattern != "/" else { return [] }
        let segments = pattern.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        precondition(segments.count <= Router.segments, "The pattern \(pattern) has too many segments.")
        for segment in segments {
            let inside = segment.hasPrefix("{") && segment.hasSuffix("}") ? segment.dropFirst().dropLast() : segment
            precondition(
                !inside.isEmpty && inside != "." && inside != ".." && !inside.contains { "{}%?#".contains($0) },
                "The pattern \(pattern) has a segment that no path can match.")
        }
        return segments
    }

    private func literalChild(_ segment: [UInt8]) -> RouteTree {
        if let found = literals.first(where: { $0.segment == segment }) { return found.tree }
        let tree = RouteTree()
        literals.append((segment, tree))
        return tree
    }

    private func parameterChild(_ name: String, _ pattern: String) -> RouteTree {
        precondition(
            parameter == nil || parameterName == name,
            "\(pattern) calls a parameter \(name) that another route calls \(parameterName).")
        let tree = parameter ?? RouteTree()
        parameter = tree
        parameterName = name
        return tree
    }
}
