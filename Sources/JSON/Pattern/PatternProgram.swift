// A pattern as instructions for the search. What looks ahead is compiled backwards, since it is searched from the end of the text.

/// Instructions, with the programs of the lookarounds that they ask.
struct PatternProgram: Sendable {
    enum Instruction: Sendable {
        case set(Int)
        case split(Int, Int)
        case jump(Int)
        case start, end
        case boundary(isNegated: Bool)
        case look(Int, isNegated: Bool)
        case match
    }

    /// A lookaround: where it holds is known before the search begins.
    struct Look: Sendable {
        let program: PatternProgram
        let isAhead: Bool
    }

    fileprivate(set) var instructions: [Instruction] = []
    fileprivate(set) var sets: [PatternSet] = []
    fileprivate(set) var looks: [Look] = []

    var instructionCount: Int { looks.reduce(instructions.count) { $0 + $1.program.instructionCount } }

    /// Writes a program.
    struct Builder {
        private var program = PatternProgram()
        /// Nodes come by, repetitions each time, which bounds the work even where nothing is written.
        private var left: Int
        private let isBackward: Bool

        static func program(of node: PatternNode) throws(PatternError) -> PatternProgram {
            var builder = Builder(left: Pattern.instructionLimit, isBackward: false)
            return try builder.build(node)
        }

        private init(left: Int, isBackward: Bool) {
            self.left = left
            self.isBackward = isBackward
        }

        private mutating func build(_ node: PatternNode) throws(PatternError) -> PatternProgram {
            try write(node)
            program.instructions.append(.match)
            return program
        }

        private var here: Int { program.instructions.count }

        private mutating func append(_ instruction: Instruction) { program.instructions.append(instruction) }

        private mutating func write(_ node: PatternNode) throws(PatternError) {
            left -= 1
            guard left > 0, here < Pattern.instructionLimit else {
                throw PatternError(
                    .limit, "The pattern is too large: its repetitions, written out, pass \(Pattern.instructionLimit).")
            }
            switch node {
            case .set(let set):
                program.sets.append(set)
                append(.set(program.sets.count - 1))
            case .start: append(.start)
            case .end: append(.end)
            case .boundary(let isNegated): append(.boundary(isNegated: isNegated))
            case .sequence(let nodes):
                for node in isBackward ? nodes.reversed() : nodes { try write(node) }
            case .alternatives(let nodes): try write(alternatives: nodes)
            case .repetition(let node, let least, let most): try write(node, least, most)
            case .look(let node, let isAhead, let isNegated):
                var builder = Builder(left: left, isBackward: isAhead)
                let inner = try builder.build(node)
                left = builder.left
                program.looks.append(Look(program: inner, isAhead: isAhead))
                append(.look(program.looks.count - 1, isNegated: isNegated))
            case .backReference:
                throw PatternError(
                    .unsupported, "References back to a group are not taken: they can't be searched for in bounded time.")
            }
        }

        private mutating func write(alternatives nodes: [PatternNode]) throws(PatternError) {
            var ends: [Int] = []
            for node in nodes.dropLast() {
                let split = here
                append(.split(split + 1, 0))
                try write(node)
                ends.append(here)
                append(.jump(0))
                program.instructions[split] = .split(split + 1, here)
            }
            if let last = nodes.last { try write(last) }
            for end in ends { program.instructions[end] = .jump(here) }
        }

        private mutating func write(_ node: PatternNode, _ least: Int, _ most: Int?) throws(PatternError) {
            for _ in 0..<least { try write(node) }
            guard let most else {
                let split = here
                append(.split(split + 1, 0))
                try write(node)
                append(.jump(split))
                program.instructions[split] = .split(split + 1, here)
                return
            }
            var splits: [Int] = []
            for _ in 0..<(most - least) {
                splits.append(here)
                append(.split(here + 1, 0))
                try write(node)
            }
            for split in splits { program.instructions[split] = .split(split + 1, here) }
        }
    }
}
