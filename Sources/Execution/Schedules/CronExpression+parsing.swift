// How a cron expression is read, by the rules of Vixie's cron: numbers, names, `a-b`, `*`, `/step` behind a range or `*`, lists of all these,
// and the words `@hourly` to `@yearly`. What some programs add (`?`, `L`, `W`, `#`, seconds, `@reboot`) is refused.
// Bound: `CronExpression.characters`.

/// Why an expression is none.
struct CronError: Error, Equatable {
    /// One sentence that begins with the field's name.
    let sentence: String

    init(_ sentence: String) {
        self.sentence = sentence
    }

    init(_ field: CronField, _ sentence: String) {
        self.sentence = "In the field \(field.name), \(sentence)"
    }
}

extension CronExpression {
    /// The words that stand for a whole expression.
    private static let words = [
        "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
        "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
    ]

    /// Reads an expression.
    init(reading text: String) throws(CronError) {
        guard text.utf8.count <= CronExpression.characters else {
            throw CronError("A cron expression may have at most \(CronExpression.characters) characters.")
        }
        var parts = text.split(whereSeparator: { $0 == " " || $0 == "\t" })
        if let word = parts.first, word.hasPrefix("@") {
            guard parts.count == 1, let whole = CronExpression.words[word.lowercased()] else {
                let known = CronExpression.words.keys.sorted().joined(separator: ", ")
                throw CronError("The word that stands for a cron expression must be one of \(known).")
            }
            parts = whole.split(separator: " ")
        }
        guard parts.count == CronField.allCases.count else {
            throw CronError("A cron expression has five fields: minute, hour, day of month, month, day of week.")
        }
        var sets: [UInt64] = []
        for (field, part) in zip(CronField.allCases, parts) { sets.append(try CronExpression.set(field, part)) }
        // Sunday is written as 0 and as 7.
        let weekdays = (sets[4] | sets[4] >> 7) & 0x7F
        self.init(
            text: text, minutes: sets[0], hours: sets[1], days: sets[2], months: sets[3], weekdays: weekdays,
            needsBoth: parts[2].hasPrefix("*") || parts[4].hasPrefix("*"))
        guard isPossible else {
            throw CronError(.dayOfMonth, "no day is one that the months of the expression have.")
        }
    }

    /// The numbers of a field, a bit each.
    private static func set(_ field: CronField, _ text: Substring) throws(CronError) -> UInt64 {
        var set: UInt64 = 0
        for item in text.split(separator: ",", omittingEmptySubsequences: false) { set |= try element(field, item) }
        return set
    }

    /// The numbers of one part of a list.
    private static func element(_ field: CronField, _ text: Substring) throws(CronError) -> UInt64 {
        let halves = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let ends = halves[0].split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let range: ClosedRange<Int>
        if halves[0] == "*" {
            range = field == .dayOfWeek ? 0...6 : field.range
        } else {
            let first = try number(field, ends[0])
            let last = ends.count == 2 ? try number(field, ends[1]) : first
            guard first <= last else { throw CronError(field, "\(halves[0].prefix(20)) ends before it begins.") }
            range = first...last
        }
        guard halves.count == 2 else { return range.reduce(0) { $0 | 1 << UInt64($1) } }
        guard halves[0] == "*" || ends.count == 2 else {
            throw CronError(field, "a step needs a range or * before it.")
        }
        guard halves[1].utf8.count <= 2, halves[1].utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let step = Int(halves[1]),
            step > 0
        else { throw CronError(field, "a step is a number from 1 to 99.") }
        return stride(from: range.lowerBound, through: range.upperBound, by: step).reduce(0) { $0 | 1 << UInt64($1) }
    }

    private static func number(_ field: CronField, _ word: Substring) throws(CronError) -> Int {
        guard let number = field.value(word) else {
            let range = field.range
            throw CronError(field, "\"\(word.prefix(20))\" is nothing from \(range.lowerBound) to \(range.upperBound).")
        }
        return number
    }

    /// Whether there is any day that it means. Where both days are given and either is enough, a day of the week always comes.
    private var isPossible: Bool {
        guard needsBoth else { return true }
        return (1...12).contains { month in
            months & 1 << UInt64(month) != 0 && days.trailingZeroBitCount <= CronExpression.mostDays[month - 1]
        }
    }

    private static let mostDays = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
}
