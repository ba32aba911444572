// Regular expressions as JSON Schema means them: ECMA-262 with the `u` flag, searched for anywhere in a text. They come from tenants, so
// a search takes time that grows with text times pattern and never faster: all ways through a pattern are followed at once
// (Thompson), and a lookaround is answered for every place of the text in one run of its own. Only back-references, which no such
// engine can have, are refused. Bounds: `instructionLimit`, `depth`, and the steps that the caller grants.

/// A compiled pattern.
public struct Pattern: Sendable {
    /// The most instructions of a compiled pattern; counted repetitions are written out.
    public static let instructionLimit = 10_000
    /// How deep groups may be nested.
    public static let depth = 60
    /// The longest pattern in bytes.
    public static let sourceBytes = 4 << 10

    let program: PatternProgram

    /// Compiles a pattern.
    public init(_ source: String) throws(PatternError) {
        program = try PatternProgram.Builder.program(of: try PatternParser.node(of: source))
    }

    /// Whether this is spelled as a pattern of ECMA-262, one that is refused here for another reason included.
    public static func isWellFormed(_ source: String) -> Bool {
        do throws(PatternError) {
            _ = try PatternParser.node(of: source)
            return true
        } catch {
            return error.kind != .syntax
        }
    }

    /// How many instructions it takes, those of its lookarounds included.
    public var instructionCount: Int { program.instructionCount }

    /// Whether the pattern occurs in `text`.
    /// - Parameter steps: what the search may take, and what is left of it.
    /// - Throws: `.limit` when that is not enough.
    public func matches(_ text: String, steps: inout Int) throws(PatternError) -> Bool {
        let scalars = text.unicodeScalars.map(\.value)
        steps -= scalars.count
        var search = PatternSearch(scalars, steps: steps)
        let found = try search.occurs(program)
        steps = search.steps
        return found
    }
}

/// A pattern that is refused, or a search that was given up.
public struct PatternError: Error, Sendable, Equatable {
    /// What is wrong.
    public enum Kind: Sendable {
        case syntax, unsupported, limit
    }

    public let kind: Kind
    /// One sentence.
    public let message: String

    init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
}

/// The tree of a pattern.
indirect enum PatternNode: Sendable {
    case set(PatternSet)
    case start, end
    case boundary(isNegated: Bool)
    case sequence([PatternNode])
    case alternatives([PatternNode])
    case repetition(PatternNode, least: Int, most: Int?)
    case look(PatternNode, isAhead: Bool, isNegated: Bool)
    case backReference
}
