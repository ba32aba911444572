// How long to wait before the next attempt: twice as long each time up to a bound, half of it by chance, so that what failed
// together does not come back together.

/// The waits between attempts.
struct Backoff {
    /// The wait after the first failure.
    static let firstMilliseconds = 1_000
    /// The longest wait.
    static let mostMilliseconds = 300_000

    /// The wait after the attempt of that number, from 1, has failed.
    /// - Parameters:
    ///   - random: from 0 up to, not including, 1.
    ///   - leastMilliseconds: what a remote server asked for; heeded up to `mostMilliseconds`.
    static func milliseconds(afterAttempt attempt: Int, random: Double, leastMilliseconds: Int = 0) -> Int {
        let doublings = min(max(attempt, 1) - 1, 20)
        let whole = min(firstMilliseconds << doublings, mostMilliseconds)
        let jittered = whole / 2 + Int(Double(whole / 2) * random)
        return max(jittered, min(leastMilliseconds, mostMilliseconds))
    }
}
