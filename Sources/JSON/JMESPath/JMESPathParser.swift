// Tokens to a tree, by precedence: each operator binds so strongly, and an expression goes on while what follows binds more strongly
// than what stands before it. A projection takes all that follows it up to a weaker operator. Bound: `JMESPath.depth`.

/// The reader of one expression.
struct JMESPathParser {
    /// A tree with its depth, so that a tree too deep for the evaluator is never made.
    struct Tree {
        let node: JMESPathNode
        let depth: Int

        static let current = Tree(node: .current, depth: 1)
    }

    /// How strongly an operator binds.
    private enum Strength: Int {
        case none = 0, pipe, or, and, comparison, flatten, star, filter, dot, not, bracket

        /// What binds less strongly than this ends a projection.
        static let projection = Strength.flatten
    }

    let tokens: [JMESPathLexer.Placed]
    private var at = 0
    private var nesting = 0

    init(_ tokens: [JMESPathLexer.Placed]) { self.tokens = tokens }

    var token: JMESPathToken { tokens[at].token }
    private var following: JMESPathToken { tokens[min(at + 1, tokens.count - 1)].token }
    var offset: Int { tokens[at].offset }

    /// The whole expression.
    mutating func parseAll() throws(JMESPathError) -> JMESPathNode {
        let tree = try expression(.none)
        guard token == .end else { throw unexpected }
        return tree.node
    }

    // MARK: Steps

    var unexpected: JMESPathError {
        JMESPathError(.syntax, token == .end ? "The expression ends too early." : "This is not expected here.", at: offset)
    }

    mutating func advance() { at += 1 }

    mutating func take(_ expected: JMESPathToken) -> Bool {
        guard token == expected else { return false }
        at += 1
        return true
    }

    mutating func expect(_ expected: JMESPathToken) throws(JMESPathError) {
        guard take(expected) else { throw unexpected }
    }

    /// A node over trees.
    func grow(_ node: JMESPathNode, _ below: Tree...) throws(JMESPathError) -> Tree { try grow(node, over: below) }

    func grow(_ node: JMESPathNode, over below: [Tree]) throws(JMESPathError) -> Tree {
        let depth = 1 + (below.map(\.depth).max() ?? 0)
        guard depth <= JMESPath.depth else { throw tooDeep }
        return Tree(node: node, depth: depth)
    }

    private var tooDeep: JMESPathError {
        JMESPathError(.limit, "An expression may be nested at most \(JMESPath.depth) deep.", at: offset)
    }

    // MARK: Expressions

    /// An expression up to what binds no more strongly than `strength`.
    private mutating func expression(_ strength: Strength) throws(JMESPathError) -> Tree {
        nesting += 1
        guard nesting <= JMESPath.depth else { throw tooDeep }
        var tree = try beginning()
        while strengthOfToken.rawValue > strength.rawValue { tree = try continuation(of: tree) }
        nesting -= 1
        return tree
    }

    /// An expression of its own, as between brackets.
    mutating func expression() throws(JMESPathError) -> Tree { try expression(.none) }

    private var strengthOfToken: Strength {
        switch token {
        case .pipe: .pipe
        case .or: .or
        case .and: .and
        case .comparison: .comparison
        case .flatten: .flatten
        case .filter: .filter
        case .dot: .dot
        case .openBracket: .bracket
        default: .none
        }
    }

    private mutating func beginning() throws(JMESPathError) -> Tree {
        let first = token
        let start = offset
        switch first {
        case .filter, .flatten: return try continuation(of: .current)
        default: break
        }
        advance()
        switch first {
        case .identifier(let name):
            return take(.openParenthesis) ? try call(name, at: start) : Tree(node: .field(name), depth: 1)
        case .quoted(let name):
            guard token != .openParenthesis else { throw unexpected }
            return Tree(node: .field(name), depth: 1)
        case .literal(let value): return Tree(node: .literal(value), depth: 1)
        case .current: return .current
        case .star:
            let rest = try projected(.star)
            return try grow(.values(of: .current, rest.node), rest)
        case .not:
            let operand = try expression(.not)
            return try grow(.not(operand.node), operand)
        case .openParenthesis:
            let inner = try expression()
            try expect(.closeParenthesis)
            return inner
        case .openBrace: return try object()
        case .openBracket: return try beginningBracket()
        default:
            at -= 1
            throw unexpected
        }
    }

    /// What an opening bracket at the beginning of an expression opens.
    private mutating func beginningBracket() throws(JMESPathError) -> Tree {
        switch token {
        case .number, .colon: return try index(into: .current)
        case .star where following == .closeBracket: return try everyElement(of: .current)
        default: return try list()
        }
    }

    private mutating func continuation(of left: Tree) throws(JMESPathError) -> Tree {
        let operation = token
        advance()
        switch operation {
        case .dot:
            guard take(.star) else {
                let right = try member()
                return try grow(.chain(left.node, right.node), left, right)
            }
            let rest = try projected(.star)
            return try grow(.values(of: left.node, rest.node), left, rest)
        case .pipe:
            let right = try expression(.pipe)
            return try grow(.chain(left.node, right.node), left, right)
        case .or:
            let right = try expression(.or)
            return try grow(.or(left.node, right.node), left, right)
        case .and:
            let right = try expression(.and)
            return try grow(.and(left.node, right.node), left, right)
        case .comparison(let comparator):
            let right = try expression(.comparison)
            return try grow(.comparison(comparator, left.node, right.node), left, right)
        case .flatten:
            let flat = try grow(.flatten(left.node), left)
            let rest = try projected(.flatten)
            return try grow(.elements(of: flat.node, rest.node), flat, rest)
        case .filter:
            let condition = try expression()
            try expect(.closeBracket)
            let rest = token == .flatten ? .current : try projected(.filter)
            return try grow(.filter(left.node, condition: condition.node, rest.node), left, condition, rest)
        default:
            guard token != .star else { return try everyElement(of: left) }
            return try index(into: left)
        }
    }

    // MARK: Parts

    /// What a projection is applied with: all that follows up to a weaker operator.
    private mutating func projected(_ strength: Strength) throws(JMESPathError) -> Tree {
        if strengthOfToken.rawValue < Strength.projection.rawValue || token == .flatten { return .current }
        switch token {
        case .openBracket, .filter: return try expression(from: .current, strength)
        case .dot where following == .star: return try expression(from: .current, strength)
        case .dot:
            advance()
            return try expression(from: try member(), strength)
        default: throw unexpected
        }
    }

    /// Goes on behind a tree.
    private mutating func expression(from start: Tree, _ strength: Strength) throws(JMESPathError) -> Tree {
        nesting += 1
        guard nesting <= JMESPath.depth else { throw tooDeep }
        var tree = start
        while strengthOfToken.rawValue > strength.rawValue { tree = try continuation(of: tree) }
        nesting -= 1
        return tree
    }

    /// What may stand behind a dot, a star apart.
    private mutating func member() throws(JMESPathError) -> Tree {
        switch token {
        case .identifier, .quoted: return try beginning()
        case .openBrace:
            advance()
            return try object()
        case .openBracket:
            advance()
            return try list()
        default: throw unexpected
        }
    }

    private mutating func everyElement(of left: Tree) throws(JMESPathError) -> Tree {
        try expect(.star)
        try expect(.closeBracket)
        let rest = try projected(.star)
        return try grow(.elements(of: left.node, rest.node), left, rest)
    }

    /// An index or a slice; the bracket was opened.
    private mutating func index(into left: Tree) throws(JMESPathError) -> Tree {
        let start = offset
        var parts: [Int?] = [nil, nil, nil]
        var colons = 0
        while token != .closeBracket {
            if take(.colon) {
                colons += 1
                guard colons < 3 else { throw JMESPathError(.syntax, "A slice has at most two colons.", at: offset) }
            } else if case .number(let value) = token, parts[colons] == nil {
                parts[colons] = value
                advance()
            } else {
                throw unexpected
            }
        }
        try expect(.closeBracket)
        if colons == 0, let index = parts[0] { return try grow(.chain(left.node, .index(index)), left) }
        guard colons > 0 else { throw unexpected }
        guard parts[2] != 0 else { throw JMESPathError(.invalidValue, "The step of a slice is not 0.", at: start) }
        let slice = JMESPathNode.slice(start: parts[0], stop: parts[1], step: parts[2] ?? 1)
        let sliced = try grow(.chain(left.node, slice), left)
        let rest = try projected(.star)
        return try grow(.elements(of: sliced.node, rest.node), sliced, rest)
    }
}
