// `sequence`: the steps of a plan that the blueprint gives, in order, each with what it says of its input; without a plan the listed tools,
// each given what the one before came to. It ends at the first failure. Each call is a step, `step[0]` and on.

import Base
import JSON

/// Given steps, in order.
struct SequenceStrategy: Strategy {
    struct Settings: Sendable {
        let steps: [PlannedStep]
    }

    let name = "sequence"
    let summary = "Carries out given steps in order; each may take up what the ones before came to."
    let complexity = "low"
    let bestFor = ["pipelines", "known_steps"]
    let configuration = Input<Settings>("SequenceSettings", "The steps.") { fields in
        Settings(
            steps: fields.defaulted(
                "steps", .array(of: PlannedStep.declaration, 0...PlannedStep.stepLimit), [],
                "The steps; without any, each listed tool once."))
    }

    func problems(_ settings: Settings, tools: [Blueprint.ToolUse]) -> [Fault.Field] {
        SequenceStrategy.unknown(settings.steps, tools, "steps")
    }

    /// The steps whose tool is not among `tools`.
    static func unknown(_ steps: [PlannedStep], _ tools: [Blueprint.ToolUse], _ field: String) -> [Fault.Field] {
        let names = Toolbox.names(tools)
        return steps.enumerated().filter { !names.contains($0.element.tool) }.map { at, step in
            Fault.Field("\(field)[\(at)].tool", "reference", "The blueprint lists no tool \(step.tool.cut(bytes: 100)).")
        }
    }

    func run(_ settings: Settings, _ plan: RunPlan) async throws(StepFailure) -> JSONValue {
        try await SequenceStrategy.carry(settings.steps, plan)
    }

    /// Carries given steps out, or without any the listed tools.
    static func carry(_ steps: [PlannedStep], _ plan: RunPlan) async throws(StepFailure) -> JSONValue {
        let toolbox = Toolbox(plan.tools, registry: plan.registry)
        let given = !steps.isEmpty
        let steps = given ? steps : toolbox.entries.map { PlannedStep(name: $0.name, tool: $0.name, input: [:]) }
        var values = PlanValues(input: plan.input)
        var last: JSONValue = .null
        for (number, step) in steps.enumerated() {
            guard let entry = toolbox[step.tool] else {
                throw StepFailure(Fault(.toolNotAvailable, "The blueprint lists no tool \(step.tool)."))
            }
            var further = try resolved(step, values)
            if number > 0, further["previous"] == nil { further["previous"] = last }
            last = try await plan.call(entry.use, key: "step[\(number)]", further: further)
            values.outputs[step.name] = last
        }
        return ["output": last, "steps": .object(values.outputs)]
    }

    private static func resolved(_ step: PlannedStep, _ values: PlanValues) throws(StepFailure) -> JSONObject {
        do throws(Fault) {
            return try values.resolve(step.input).object ?? JSONObject()
        } catch {
            throw StepFailure(error, .permanent)
        }
    }
}
