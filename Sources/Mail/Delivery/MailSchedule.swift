// When a mail that could not be delivered is tried again: after a minute, then three times as long each time up to six hours; after
// `attemptLimit` attempts, about a day, it has failed. Pure: chance comes in as a number.

/// The waits between attempts.
enum MailSchedule {
    static let attemptLimit = 10
    static let firstMilliseconds = 60_000
    static let mostMilliseconds = 21_600_000

    /// The wait after the attempt of that number, from 1, has failed; `nil` when there is no further one.
    /// - Parameter random: from 0 up to, not including, 1; moves the wait by up to a tenth, so that what failed together parts.
    static func waitMilliseconds(afterAttempt attempt: Int, random: Double) -> Int? {
        guard attempt < attemptLimit else { return nil }
        var wait = firstMilliseconds
        for _ in 1..<max(attempt, 1) where wait < mostMilliseconds { wait *= 3 }
        let capped = min(wait, mostMilliseconds)
        return capped - capped / 10 + Int(Double(capped / 5) * random)
    }
}
