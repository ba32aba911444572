// Notices that a run goes round in a circle: the same call, with the same arguments, three times among the last six, with no rest between.
// Whoever rests until something happens outside, and looks again, is in no circle. For what decides by itself what it calls next: a model,
// the rounds of a loop. A list of calls ends by itself. Pure.

import Base
import Crypto
import JSON

/// The last calls of a run.
struct CallGuard {
    static let window = 6
    static let repeats = 3

    private var last: [[UInt8]] = []

    /// Forgets what was called: the world may have changed.
    mutating func clear() { last = [] }

    /// Notes a call.
    /// - Throws: permanent when it gets nowhere.
    mutating func note(_ tool: String, _ arguments: JSONObject) throws(StepFailure) {
        let whole: JSONValue = ["tool": .string(tool), "input": .object(arguments)]
        let digest = SHA256.digest(whole.canonicalBytes).array
        last.append(digest)
        if last.count > CallGuard.window { last.removeFirst() }
        guard last.count(where: { $0 == digest }) >= CallGuard.repeats else { return }
        let message =
            "There is no progress: \(tool) was called with the same arguments \(CallGuard.repeats) times in \(CallGuard.window)."
        throw StepFailure(Fault(.limitReached, message), .permanent)
    }
}
