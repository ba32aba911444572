// The lesser changes of a run that wait for its next write, in their order.
// Bound: `partLimit` statements go with a write; what is more goes before it, as writes of its own.

import Base
import Postgres

/// Changes of which nobody waits for the results.
struct PendingChanges {
    typealias Adding = (inout Batch<Once>) -> Void

    private enum Change {
        /// A step that began and succeeded.
        case whole(RunClosing.Step)
        /// Anything else; the beginning of a step with its key.
        case other(begins: String?, Adding)
    }

    static let partLimit = 64

    private var changes: [Change] = []

    var isEmpty: Bool { changes.isEmpty }

    /// - Parameter key: the step whose beginning it is.
    mutating func append(begins key: String? = nil, _ add: @escaping Adding) {
        changes.append(.other(begins: key, add))
    }

    /// Puts a step that is over in the place of its beginning.
    /// - Returns: whether that is still here.
    mutating func complete(_ step: RunClosing.Step) -> Bool {
        let place = changes.firstIndex { change in
            if case .other(begins: step.step.key, _) = change { true } else { false }
        }
        guard let place else { return false }
        changes[place] = .whole(step)
        return true
    }

    /// Puts changes that could not be written before those that came since.
    mutating func putBack(_ earlier: PendingChanges) {
        changes = earlier.changes + changes
    }

    /// All of them, where they are nothing but whole steps.
    var wholeSteps: [RunClosing.Step]? {
        var steps: [RunClosing.Step] = []
        for change in changes {
            guard case .whole(let step) = change else { return nil }
            steps.append(step)
        }
        return steps
    }

    /// All of them as statements, neighbouring steps together, in parts of at most `partLimit`. There is one part, be it empty.
    func parts(of lease: HeldLease) -> [[Adding]] {
        var statements: [Adding] = []
        var steps: [RunClosing.Step] = []
        func addSteps() {
            guard !steps.isEmpty else { return }
            let closing = RunClosing(lease: lease, steps: steps)
            statements.append { batch in _ = RunClosing.add([closing], to: &batch) }
            steps = []
        }
        for change in changes {
            switch change {
            case .whole(let step): steps.append(step)
            case .other(_, let add):
                addSteps()
                statements.append(add)
            }
        }
        addSteps()
        return stride(from: 0, to: max(1, statements.count), by: PendingChanges.partLimit).map {
            Array(statements[$0..<min(statements.count, $0 + PendingChanges.partLimit)])
        }
    }
}
