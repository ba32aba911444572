// What is written when a step or a run is over, and what a run that lets go is woken by.

import Base
import JSON

/// How a run ends its execution.
struct RunEnding: Sendable {
    let state: ExecutionState
    var output: JSONRaw?
    var error: JSONRaw?
    var errorClass: ErrorClass?
    /// What steps that were under way are abandoned with.
    var abandoned: JSONRaw?
}

/// Why an attempt failed.
struct RunFailure: Sendable {
    let error: JSONRaw
    let errorClass: ErrorClass
}

/// What a step came to: an output or an error, and what it cost.
struct StepFinish: Sendable {
    var output: [UInt8]?
    var error: JSONRaw?
    /// The step's own.
    let tokens: Int
    let microdollars: Int
    /// That of the children which it waited for, which stands with each of them as well.
    let byChildren: Taken

    init(output: [UInt8]? = nil, error: JSONRaw? = nil, _ spending: Spending = Spending()) {
        self.output = output
        self.error = error
        tokens = spending.tokens
        microdollars = spending.microdollars
        byChildren = spending.byChildren
    }
}

/// What wakes a run all of whose steps wait: the first of what they wait for.
struct WakeUp: Equatable {
    private(set) var at: Timestamp?
    private(set) var signals: [String] = []
    /// Groups of children, any one of which wakes the run when all of it have ended. Between two groups stands `divider`.
    private(set) var children: [ExecutionID] = []

    /// An id that nothing has.
    static let divider = ExecutionID(UUIDBits(high: 0, low: 0))

    init(_ waits: [Wait]) {
        for wait in waits {
            switch wait {
            case .until(let moment): at = min(at ?? moment, moment)
            case .signal(let name, let deadline):
                if !signals.contains(name) { signals.append(name) }
                if let deadline { at = min(at ?? deadline, deadline) }
            case .children(let ids):
                if !children.isEmpty { children.append(WakeUp.divider) }
                children += ids
            }
        }
    }

    /// A condition that holds when all of one group have ended. What is not there any more has ended.
    /// - Parameter groups: an expression: an array as `children` is.
    static func isGroupOver(_ groups: String) -> String {
        """
        EXISTS (
            SELECT FROM (
                SELECT a.id, count(*) FILTER (WHERE a.id = '\(divider.uuid)') OVER (ORDER BY a.place) AS number
                FROM unnest(\(groups)) WITH ORDINALITY AS a (id, place)
            ) awaited
            WHERE awaited.id <> '\(divider.uuid)'
            GROUP BY awaited.number
            HAVING bool_and(coalesce(
                (SELECT o.state = ANY (\(RunStatements.terminal)) FROM executions o WHERE o.id = awaited.id), true)))
        """
    }
}
