// The parts of an expression that list others: lists, objects and calls of functions.

extension JMESPathParser {
    /// `[a, b]`; the bracket was opened.
    mutating func list() throws(JMESPathError) -> Tree {
        var elements: [Tree] = []
        repeat { elements.append(try expression()) } while take(.comma)
        try expect(.closeBracket)
        return try grow(.list(elements.map(\.node)), over: elements)
    }

    /// `{name: a}`; the brace was opened.
    mutating func object() throws(JMESPathError) -> Tree {
        var names: [String] = []
        var values: [Tree] = []
        repeat {
            switch token {
            case .identifier(let name), .quoted(let name): names.append(name)
            default: throw unexpected
            }
            advance()
            try expect(.colon)
            values.append(try expression())
        } while take(.comma)
        try expect(.closeBrace)
        return try grow(.object(zip(names, values).map { ($0, $1.node) }), over: values)
    }

    /// `name(a, b)`; the parenthesis was opened.
    mutating func call(_ name: String, at start: Int) throws(JMESPathError) -> Tree {
        guard let function = JMESPathFunction(rawValue: name) else {
            throw JMESPathError(.unknownFunction, "There is no function of this name.", at: start)
        }
        var arguments: [Tree] = []
        while token != .closeParenthesis {
            if !arguments.isEmpty { try expect(.comma) }
            arguments.append(try argument(function, arguments.count))
        }
        advance()
        guard function.arity.contains(arguments.count) else {
            throw JMESPathError(.invalidArity, "`\(name)` does not take so many arguments.", at: start)
        }
        return try grow(.call(function, arguments.map(\.node)), over: arguments)
    }

    private mutating func argument(_ function: JMESPathFunction, _ index: Int) throws(JMESPathError) -> Tree {
        let start = offset
        let isReference = take(.reference)
        guard function.arity.upperBound <= index || isReference == (function.referenceIndex == index) else {
            let kind = isReference ? "a value" : "an expression, spelled with &,"
            throw JMESPathError(.invalidType, "`\(function.rawValue)` takes \(kind) here.", at: start)
        }
        let operand = try expression()
        return isReference ? try grow(.reference(operand.node), operand) : operand
    }
}
