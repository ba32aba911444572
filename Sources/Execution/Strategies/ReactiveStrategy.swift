// `reactive`: every tool once, in order. What one comes to is at hand for the next as `previous`, where that tool takes it; the run
// comes to the outputs of all tools by name.

import Base
import JSON

/// Each listed tool once, in order.
struct ReactiveStrategy: Strategy {
    struct Settings: Sendable {}

    let name = "reactive"
    let summary = "Uses each tool once, in order; what one comes to is at hand for the next."
    let complexity = "low"
    let bestFor = ["simple_transformations", "quick_responses"]
    let configuration = Input<Settings>("ReactiveSettings", "Nothing to set.") { _ in Settings() }

    func run(_ settings: Settings, _ plan: RunPlan) async throws(StepFailure) -> JSONValue {
        let unused = plan.unusedNames
        if !unused.isEmpty {
            var metadata = JSONObject()
            metadata["names"] = .array(unused.prefix(20).map { .string($0) })
            plan.write(.warn, "The input has members that none of the tools takes.", metadata)
        }
        var results = JSONObject()
        var further = JSONObject()
        for (index, use) in plan.tools.enumerated() {
            let output = try await plan.call(use, key: "tool[\(index)]", further: further)
            results[ReactiveStrategy.name(of: use.name, in: results)] = output
            further["previous"] = output
        }
        return .object(results)
    }

    /// The name of a tool among the results; a tool that is used again gets a number behind its name.
    static func name(of tool: String, in results: JSONObject) -> String {
        var number = 1
        while results[number == 1 ? tool : "\(tool)_\(number)"] != nil { number += 1 }
        return number == 1 ? tool : "\(tool)_\(number)"
    }
}
