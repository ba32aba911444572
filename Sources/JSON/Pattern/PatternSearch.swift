// The search: at each place of the text the set of instructions that can be reached, each once. No way is followed twice, so that the
// time grows with text times instructions, whatever the pattern.

/// One search through one text.
struct PatternSearch {
    private let text: [UInt32]
    /// What may still be spent: one for each instruction that is looked at.
    private(set) var steps: Int

    init(_ text: [UInt32], steps: Int) {
        self.text = text
        self.steps = steps
    }

    /// Whether the program matches somewhere.
    mutating func occurs(_ program: PatternProgram) throws(PatternError) -> Bool {
        let looks = try answers(of: program)
        var run = Run(program, text, looks, steps)
        for place in 0...text.count {
            let found = try run.arrive(at: place, from: place - 1, startsAnew: true)
            steps = run.steps
            if found { return true }
        }
        return false
    }

    /// For each lookaround of a program, where it holds.
    private mutating func answers(of program: PatternProgram) throws(PatternError) -> [[Bool]] {
        var answers: [[Bool]] = []
        for look in program.looks {
            var run = Run(look.program, text, try self.answers(of: look.program), steps)
            var holds = [Bool](repeating: false, count: text.count + 1)
            for step in 0...text.count {
                let place = look.isAhead ? text.count - step : step
                // Backwards, the character between two places is the one behind the new place.
                holds[place] = try run.arrive(at: place, from: look.isAhead ? place : place - 1, startsAnew: true)
            }
            steps = run.steps
            answers.append(holds)
        }
        return answers
    }

    /// The instructions that are reached, place by place.
    private struct Run {
        let program: PatternProgram
        let text: [UInt32]
        let looks: [[Bool]]
        var steps: Int
        private var reached: [Int] = []
        private var before: [Int] = []
        private var pending: [Int] = []
        /// The place at which an instruction was reached last.
        private var marks: [Int]

        init(_ program: PatternProgram, _ text: [UInt32], _ looks: [[Bool]], _ steps: Int) {
            self.program = program
            self.text = text
            self.looks = looks
            self.steps = steps
            marks = [Int](repeating: -1, count: program.instructions.count)
        }

        /// Steps over the character at `index`, if there are ways that take it, and says whether the program has matched.
        mutating func arrive(at place: Int, from index: Int, startsAnew: Bool) throws(PatternError) -> Bool {
            swap(&reached, &before)
            reached.removeAll(keepingCapacity: true)
            var hasMatched = false
            if text.indices.contains(index) {
                let value = text[index]
                for at in before {
                    guard case .set(let set) = program.instructions[at], program.sets[set].contains(value) else { continue }
                    if try follow(at + 1, place) { hasMatched = true }
                }
            }
            if startsAnew, try follow(0, place) { hasMatched = true }
            return hasMatched
        }

        /// Notes what is reached from an instruction without taking a character.
        private mutating func follow(_ start: Int, _ place: Int) throws(PatternError) -> Bool {
            var hasMatched = false
            pending.append(start)
            while let at = pending.popLast() {
                guard marks[at] != place else { continue }
                marks[at] = place
                steps -= 1
                guard steps >= 0 else { throw PatternError(.limit, "The pattern takes too many steps on this text.") }
                switch program.instructions[at] {
                case .set: reached.append(at)
                case .split(let one, let other): pending += [other, one]
                case .jump(let target): pending.append(target)
                case .start: if place == 0 { pending.append(at + 1) }
                case .end: if place == text.count { pending.append(at + 1) }
                case .boundary(let isNegated): if isBoundary(place) != isNegated { pending.append(at + 1) }
                case .look(let index, let isNegated): if looks[index][place] != isNegated { pending.append(at + 1) }
                case .match: hasMatched = true
                }
            }
            return hasMatched
        }

        private func isBoundary(_ place: Int) -> Bool {
            let before = place > 0 && PatternSet.isWord(text[place - 1])
            let after = place < text.count && PatternSet.isWord(text[place])
            return before != after
        }
    }
}
