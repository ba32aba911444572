// What a run of a flow holds in memory: what its nodes came to, with those of the bodies that run just now, and what maps have gathered. Counted
// as text, so that what is shared counts as often as it stands there: what is made of it would be as long. Bound: `byteLimit`.

import Base
import JSON

/// The bytes that a run of a flow holds.
final class FlowStock: @unchecked Sendable {
    // Touched on the loop of its run alone.

    /// The most bytes that are held at once.
    static let byteLimit = 32 << 20

    private(set) var bytes = 0

    /// Takes a value in.
    /// - Returns: its bytes, to be let go later.
    /// - Throws: `.limitReached`, permanent, when there is no room.
    func take(_ value: JSONValue, of node: String) throws(StepFailure) -> Int {
        guard let size = value.size(atMost: FlowStock.byteLimit - bytes) else {
            let message = "With \(node) what the nodes of the flow came to has more than \(FlowStock.byteLimit) bytes."
            throw StepFailure(Fault(.limitReached, message), .permanent)
        }
        bytes += size
        return size
    }

    /// Lets so many bytes go.
    func release(_ count: Int) { bytes -= count }
}

/// The calls of one loop of a flow, round for round: a node that makes the same call again and again, without a rest, gets nowhere.
final class FlowRounds: @unchecked Sendable {
    // Touched on the loop of its run alone.

    /// Nodes that are followed; what a map makes of one counts by its element.
    static let nodeLimit = 1_000

    private var calls: [String: CallGuard] = [:]

    /// Notes the call that a node makes in this round.
    /// - Parameter place: the key of its step within the round.
    /// - Throws: permanent when the rounds get nowhere.
    func note(_ place: String, _ tool: String, _ input: JSONObject) throws(StepFailure) {
        guard calls[place] != nil || calls.count < FlowRounds.nodeLimit else { return }
        try calls[place, default: CallGuard()].note(tool, input)
    }

    /// Something was waited for: whoever looks again may see something else.
    func clear() { calls = [:] }
}
