// What a run is given, as a field of an input: wherever one comes from, it has the same bounds, which leave room for what the journal, the
// steps and the answers put around it.
// Bounds: `TriggerAgent.inputBytes`, `levels`.

import Base
import JSON

/// The input of a run.
enum RunInput {
    /// The most levels of an input, and of a signal.
    static let levels = 96
    static let shape = RawShape(bytes: TriggerAgent.inputBytes, depth: levels, isObject: true)
}

extension ValueShape where Self == RawShape {
    /// The input of a run: an object.
    static var runInput: RawShape { RunInput.shape }
}
