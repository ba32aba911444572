// What a tool can wait for without holding a worker, and what it is told when it is called again. A step that waits stands in the
// journal with its wait, so that a run that is taken up too early waits on without the tool's knowing. A wait that passes a bound fails
// its step: `childLimit` children, `nameLimit` characters.

import Base
import JSON

/// What a step waits for.
public enum Wait: Sendable, Equatable {
    /// A moment.
    case until(Timestamp)
    /// A signal of that name from outside, such as an approval; until the deadline if there is one.
    case signal(String, deadline: Timestamp?)
    /// The end of all these executions, which are children of the waiting one.
    case children([ExecutionID])

    /// The most children that one step waits for.
    public static let childLimit = 256
    /// The most characters of a signal's name.
    public static let nameLimit = 100

    /// What is wrong with it: a bound that it passes.
    var problem: String? {
        switch self {
        case .until: nil
        case .signal(let name, _):
            name.unicodeScalars.count > Wait.nameLimit ? "The name of a signal has at most \(Wait.nameLimit) characters." : nil
        case .children(let ids):
            ids.count > Wait.childLimit ? "A step waits for at most \(Wait.childLimit) children at once." : nil
        }
    }

    /// The wait as the journal keeps it.
    var stored: JSONValue {
        switch self {
        case .until(let moment): ["until": .integer(Int(moment.microseconds))]
        case .signal(let name, let deadline):
            ["signal": .string(name), "deadline": deadline.map { .integer(Int($0.microseconds)) } ?? .null]
        case .children(let ids): ["children": .array(ids.map { .string($0.description) })]
        }
    }

    /// Reads what the journal keeps.
    init?(stored value: JSONValue) {
        if let moment = value["until"]?.int {
            self = .until(Timestamp(microseconds: Int64(moment)))
        } else if let name = value["signal"]?.string {
            self = .signal(name, deadline: value["deadline"]?.int.map { Timestamp(microseconds: Int64($0)) })
        } else if let ids = value["children"]?.array {
            self = .children(ids.compactMap { $0.string.flatMap { ExecutionID($0) } })
        } else {
            return nil
        }
    }
}

/// What came of a wait.
public enum Resumption: Sendable {
    /// The moment has come.
    case elapsed
    /// The signal came, with what its sender gave, and who that was: a user or a key; `nil` when it is not known.
    case signal(name: String, payload: JSONRaw, sender: String?)
    /// The deadline of the signal passed without one.
    case deadlinePassed
    /// All children have ended, in the order in which they were named.
    case children([ChildOutcome])
}

/// What a child came to.
public struct ChildOutcome: Sendable {
    public let execution: ExecutionID
    public let state: ExecutionState
    /// `nil` unless it succeeded.
    public let output: JSONRaw?
    public let error: JSONRaw?
    /// What it has taken, with all that it started.
    var taken = Taken()
}
