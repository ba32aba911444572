// `sequence`: the steps of a plan that the blueprint gives, in order, each with what it says of its input; without a plan the listed tools,
// each given what the one before came to. It ends at the first failure. Each call is a step, `step[0]` and on.

import Base
import JSON
import Loop

/// Given steps, in order.
struct SequenceStrategy: Strategy {
    struct Settings: Sendable {
        let steps: [PlannedStep]
    }

    private let pool: BlockingPool

    /// - Parameter pool: evaluates expressions.
    init(pool: BlockingPool) {
        self.pool = pool
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
        SequenceStrategy.problems(settings.steps, tools, "steps")
    }

    func calls(_ settings: Settings, tools: [Blueprint.ToolUse]) -> [PlannedCall] {
        SequenceStrategy.check(settings.steps, tools, "steps").calls
    }

    /// What is wrong with given steps: tools that are not among `tools`, and inputs that look for what is not there.
    static func problems(_ steps: [PlannedStep], _ tools: [Blueprint.ToolUse], _ field: String) -> [Fault.Field] {
        let names = Toolbox.names(tools)
        return steps.enumerated().filter { !names.contains($0.element.tool) }.map { at, step in
            Fault.Field("\(field)[\(at)].tool", "reference", "The blueprint lists no tool \(step.tool.cut(bytes: 100)).")
        } + check(steps, tools, field).problems.fields
    }

    static func check(_ steps: [PlannedStep], _ tools: [Blueprint.ToolUse], _ field: String) -> PlanCheck {
        let names = Dictionary(uniqueKeysWithValues: zip(Toolbox.names(tools), tools.map(\.name)))
        return PlanCheck(steps, at: field, tools: names)
    }

    func run(_ settings: Settings, _ plan: RunPlan) async throws(StepFailure) -> JSONValue {
        try await SequenceStrategy.carry(settings.steps, plan, at: "steps", pool)
    }

    /// Carries given steps out, or without any the listed tools.
    /// - Parameters:
    ///   - field: where the steps stand.
    ///   - pool: evaluates expressions.
    static func carry(
        _ steps: [PlannedStep], _ plan: RunPlan, at field: String, _ pool: BlockingPool
    ) async throws(StepFailure) -> JSONValue {
        let toolbox = Toolbox(plan.tools, registry: plan.registry)
        let given = !steps.isEmpty
        let steps = given ? steps : toolbox.entries.map { PlannedStep(name: $0.name, tool: $0.name, input: [:]) }
        var values = PlanValues(input: plan.input)
        var last: JSONValue = .null
        for (number, step) in steps.enumerated() {
            guard let entry = toolbox[step.tool] else {
                throw StepFailure(Fault(.toolNotAvailable, "The blueprint lists no tool \(step.tool)."))
            }
            let key = "step[\(number)]"
            let path = given ? "\(field)[\(number)].input" : nil
            var further = try await filled(step, from: values.context, key, at: path, pool)
            if number > 0, further["previous"] == nil { further["previous"] = last }
            last = try await plan.call(entry.use, key: key, further: further, at: path)
            values.outputs[step.name] = last
        }
        return ["output": last, "steps": .object(values.outputs)]
    }

    /// The input of a step with its places filled.
    static func filled(
        _ step: PlannedStep, from context: JSONValue, _ key: String, at path: String?, _ pool: BlockingPool
    ) async throws(StepFailure) -> JSONObject {
        guard step.input != [:] else { return JSONObject() }
        return try await pool.compute { () throws(Fault) in
            do throws(Fault) {
                return try FlowValue(step.input, reading: PlanValues.read).filled(from: context).object ?? JSONObject()
            } catch {
                throw error.inStep(key, at: path)
            }
        }
    }
}
