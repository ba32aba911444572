// Reads the spelling of a pattern (ECMA-262, section 22.2.1, with the `u` flag). One leniency: a brace or a closing bracket that opens
// or closes nothing stands for itself, and so does any escaped punctuation. Bounds: `Pattern.sourceBytes`, `Pattern.depth`.

/// The reader of one pattern.
struct PatternParser {
    let scalars: [Unicode.Scalar]
    var at = 0
    private var depth = 0
    private var groupCount = 0
    private var groupNames: Set<String> = []
    var numberReferences = 0
    var nameReferences: Set<String> = []

    /// The tree of a pattern.
    static func node(of source: String) throws(PatternError) -> PatternNode {
        guard source.utf8.count <= Pattern.sourceBytes else {
            throw PatternError(.limit, "A pattern may have at most \(Pattern.sourceBytes) bytes.")
        }
        var parser = PatternParser(scalars: Array(source.unicodeScalars))
        let node = try parser.alternatives()
        guard parser.next == nil else { throw parser.error("A parenthesis is closed that was not opened") }
        guard parser.numberReferences <= parser.groupCount, parser.nameReferences.isSubset(of: parser.groupNames) else {
            throw PatternError(.syntax, "A pattern refers back to a group that it doesn't have.")
        }
        return node
    }

    private init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

    // MARK: Steps

    var next: Unicode.Scalar? { at < scalars.count ? scalars[at] : nil }

    mutating func take(_ expected: Unicode.Scalar) -> Bool {
        guard next == expected else { return false }
        at += 1
        return true
    }

    mutating func take(_ expected: String) -> Bool {
        let expected = Array(expected.unicodeScalars)
        guard scalars[at...].starts(with: expected) else { return false }
        at += expected.count
        return true
    }

    func error(_ what: String) -> PatternError {
        PatternError(.syntax, "\(what), at character \(at) of the pattern.")
    }

    // MARK: Structure

    private mutating func alternatives() throws(PatternError) -> PatternNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Pattern.depth else {
            throw PatternError(.limit, "The groups of a pattern may be nested at most \(Pattern.depth) deep.")
        }
        var nodes = [try sequence()]
        while take("|" as Unicode.Scalar) { nodes.append(try sequence()) }
        return nodes.count == 1 ? nodes[0] : .alternatives(nodes)
    }

    private mutating func sequence() throws(PatternError) -> PatternNode {
        var nodes: [PatternNode] = []
        while let scalar = next, scalar != "|", scalar != ")" { nodes.append(try term()) }
        return nodes.count == 1 ? nodes[0] : .sequence(nodes)
    }

    private mutating func term() throws(PatternError) -> PatternNode {
        if take("^" as Unicode.Scalar) { return .start }
        if take("$" as Unicode.Scalar) { return .end }
        if take("\\b") { return .boundary(isNegated: false) }
        if take("\\B") { return .boundary(isNegated: true) }
        let atom = try atom()
        if case .look = atom { return atom }
        return try repeated(atom)
    }

    private mutating func repeated(_ atom: PatternNode) throws(PatternError) -> PatternNode {
        guard let (least, most) = try quantifier() else { return atom }
        // Greed decides what is captured, never whether there is a match.
        _ = take("?" as Unicode.Scalar)
        if let most, most < least { throw error("A count ends before it begins") }
        return .repetition(atom, least: least, most: most)
    }

    /// How often, when a quantifier comes next.
    private mutating func quantifier() throws(PatternError) -> (Int, Int?)? {
        if take("*" as Unicode.Scalar) { return (0, nil) }
        if take("+" as Unicode.Scalar) { return (1, nil) }
        if take("?" as Unicode.Scalar) { return (0, 1) }
        let start = at
        guard take("{" as Unicode.Scalar), let least = number() else {
            at = start
            return nil
        }
        if take("}" as Unicode.Scalar) { return (least, least) }
        guard take("," as Unicode.Scalar) else {
            at = start
            return nil
        }
        if take("}" as Unicode.Scalar) { return (least, nil) }
        guard let most = number(), take("}" as Unicode.Scalar) else {
            at = start
            return nil
        }
        return (least, most)
    }

    /// Decimal digits; numbers beyond any bound count as one just beyond it.
    mutating func number() -> Int? {
        let start = at
        var value = 0
        while let scalar = next, ("0"..."9").contains(scalar) {
            value = min(value * 10 + Int(scalar.value - 0x30), 1_000_000)
            at += 1
        }
        return at > start ? value : nil
    }

    private mutating func atom() throws(PatternError) -> PatternNode {
        let start = at
        guard let scalar = next else { throw error("The pattern ends too early") }
        at += 1
        switch scalar {
        case ".": return .set(PatternSet(PatternSet.lineEnds, isNegated: true))
        case "(": return try group()
        case "[": return .set(try bracket())
        case "\\": return try escape()
        case "*", "+", "?": throw error("There is nothing to repeat")
        case "{":
            at = start
            if try quantifier() != nil { throw error("There is nothing to repeat") }
            at = start + 1
            return .set(PatternSet(scalar.value))
        default: return .set(PatternSet(scalar.value))
        }
    }

    private mutating func group() throws(PatternError) -> PatternNode {
        var look: (isAhead: Bool, isNegated: Bool)?
        if take("?=") {
            look = (true, false)
        } else if take("?!") {
            look = (true, true)
        } else if take("?<=") {
            look = (false, false)
        } else if take("?<!") {
            look = (false, true)
        } else if take("?<") {
            let name = try groupName()
            guard groupNames.insert(name).inserted else { throw error("Two groups have one name") }
            groupCount += 1
        } else if !take("?:") {
            guard next != "?" else { throw error("There is no such group") }
            groupCount += 1
        }
        let inner = try alternatives()
        guard take(")" as Unicode.Scalar) else { throw error("A parenthesis is not closed") }
        return look.map { .look(inner, isAhead: $0.isAhead, isNegated: $0.isNegated) } ?? inner
    }

    /// A name up to its closing bracket.
    mutating func groupName() throws(PatternError) -> String {
        var name = String.UnicodeScalarView()
        while let scalar = next, scalar != ">" {
            let isFirst = name.isEmpty
            let isFine =
                scalar == "$" || scalar == "_" || scalar.properties.isIDStart || !isFirst && scalar.properties.isIDContinue
            guard isFine else { break }
            name.append(scalar)
            at += 1
        }
        guard !name.isEmpty, take(">" as Unicode.Scalar) else { throw error("The name of a group is not spelled right") }
        return String(name)
    }
}
