// `plan_and_execute`: the model makes a plan by a schema, each of its steps is one call, and when one fails the model plans anew with what is
// known by then; at the end it answers. Without a model the given plan or the listed tools are carried out as `sequence` does. Steps:
// `plan[0]/model`, `plan[0]/step[2]`, `answer/model`. Bounds: steps, plans, calls, tokens, money, seconds; the guard against circles.

import Base
import JSON
import Loop

/// A plan first, then its steps.
struct PlanAndExecuteStrategy: Strategy {
    static let replans = 0...10

    struct Settings: Sendable {
        let plan: [PlannedStep]
        let instruction: String
        let replans: Int
        let temperature: Double?
        let timeoutSeconds: Int
        let answers: Bool
        let limits: RunBudget.Limits
    }

    private let pool: BlockingPool

    /// - Parameter pool: evaluates expressions.
    init(pool: BlockingPool) {
        self.pool = pool
    }

    let name = "plan_and_execute"
    var aliases: [String] { ["plan_execute"] }
    let summary = "A language model plans the calls of the tools, they are made, and where one fails it plans anew."
    let complexity = "high"
    let bestFor = ["tasks_with_several_steps", "reports"]
    let configuration = Input<Settings>("PlanAndExecuteSettings", "The plan, or how the model makes one and what it may take.") {
        fields in
        Settings(
            plan: fields.defaulted(
                "plan", .array(of: PlannedStep.declaration, 0...PlannedStep.stepLimit), [],
                "A plan, which is then carried out as it is."),
            instruction: fields.defaulted(
                "instruction", .string(1...20_000), "Plan with care, and with as few steps as the task needs.",
                "What the model is told before the task."),
            replans: fields.defaulted("max_replans", .integer(replans), 2, "How often it may plan anew."),
            temperature: fields.optional("temperature", .number(0...2), "How freely the model chooses its words."),
            timeoutSeconds: fields.defaulted(
                "turn_timeout", .integer(LLMChatTool.timeoutSeconds), 120, "Seconds that one answer of the model may take."),
            answers: fields.defaulted("answer", .boolean, true, "Whether the model puts what was found into words at the end."),
            limits: fields.budget())
    }

    func problems(_ settings: Settings, tools: [Blueprint.ToolUse]) -> [Fault.Field] {
        SequenceStrategy.problems(settings.plan, tools, "plan")
    }

    func calls(_ settings: Settings, tools: [Blueprint.ToolUse]) -> [PlannedCall] {
        SequenceStrategy.check(settings.plan, tools, "plan").calls
    }

    func run(_ settings: Settings, _ plan: RunPlan) async throws(StepFailure) -> JSONValue {
        plan.budget.narrow(settings.limits)
        guard settings.plan.isEmpty, plan.hasModel else {
            return try await SequenceStrategy.carry(settings.plan, plan, at: "plan", pool)
        }
        var work = Work(settings, plan, pool)
        for round in 0...settings.replans {
            let text = try await work.ask(planRequest(settings, plan, work), key: "plan[\(round)]/model")
            do throws(PlanProblem) {
                try await work.carry(try work.steps(text), round)
            } catch {
                switch error {
                case .plan(let words): work.problem = words
                case .run(let failure): throw failure
                }
                continue
            }
            return try await conclude(settings, plan, &work, plans: round + 1)
        }
        throw StepFailure(
            Fault(
                .limitReached, "No plan came to its end after \(settings.replans + 1). The last: \(work.problem.cut(bytes: 500))"),
            .permanent)
    }

    private func conclude(
        _ settings: Settings, _ plan: RunPlan, _ work: inout Work, plans: Int
    ) async throws(StepFailure) -> JSONValue {
        var result = JSONObject()
        if settings.answers {
            var input = JSONObject()
            input["messages"] = [
                ["role": "system", "content": "Answer the task from what was found, and from nothing else."],
                ["role": "user", "content": .string("Task: \(try ToolLoopStrategy.task(plan.input))\n\nFound:\n\(work.found)")],
            ]
            let output = try await work.ask(input, key: "answer/model")
            guard let answer = output["content"]?.string, !answer.isEmpty, output["finish_reason"] != "length" else {
                throw StepFailure(Fault(.outboundFailed, "The model gave no whole answer."), .permanent)
            }
            result["answer"] = .string(answer)
        }
        result["steps"] = .object(work.values.outputs)
        result["plans"] = .integer(plans)
        return .object(result.merging(plan.budget.value))
    }

    private func planRequest(_ settings: Settings, _ plan: RunPlan, _ work: Work) throws(StepFailure) -> JSONObject {
        let tools = work.toolbox.entries.map { entry in
            "- \(entry.name): \(entry.description.summary) Input: \(String(decoding: entry.description.parameters.bytes, as: UTF8.self))"
        }
        var words = """
            Task: \(try ToolLoopStrategy.task(plan.input))

            Tools:
            \(tools.joined(separator: "\n"))

            Answer in JSON: {"steps": [{"name": …, "tool": …, "input": {…}}]}, at most \(PlannedStep.stepLimit) steps, carried out in \
            order. In a text of an input {{ expression }} stands for a value, by JMESPath over steps and input: {{steps.NAME.member}} for \
            a part of an earlier step's output, {{input.member}} for a part of what the task came with.
            """
        if !work.problem.isEmpty {
            words += "\n\nDone so far:\n\(work.found)\n\nThen this went wrong: \(work.problem)\nPlan what is left to do."
        }
        let text: JSONValue = ["type": "string"]
        var input = JSONObject()
        input["messages"] = [
            ["role": "system", "content": .string(settings.instruction)], ["role": "user", "content": .string(words)],
        ]
        input["response_schema"] = [
            "type": "object", "required": ["steps"], "additionalProperties": false,
            "properties": [
                "steps": [
                    "type": "array",
                    "items": [
                        "type": "object", "required": ["name", "tool", "input"], "additionalProperties": false,
                        "properties": [
                            "name": text,
                            "tool": ["type": "string", "enum": .array(work.toolbox.entries.map { .string($0.name) })],
                            "input": ["type": "object"],
                        ],
                    ],
                ]
            ],
        ]
        return input
    }
}

/// Why a plan did not come to its end: the model may make another, or the run has failed.
private enum PlanProblem: Error {
    case plan(String)
    case run(StepFailure)
}

/// What a run by plans has come to so far.
private struct Work {
    /// The most bytes of one output that the model is shown.
    static let shownBytes = 8 << 10

    let toolbox: Toolbox
    private let settings: PlanAndExecuteStrategy.Settings
    private let plan: RunPlan
    private let pool: BlockingPool
    private(set) var values: PlanValues
    private var circles = CallGuard()
    /// What went wrong last.
    var problem = ""

    init(_ settings: PlanAndExecuteStrategy.Settings, _ plan: RunPlan, _ pool: BlockingPool) {
        self.settings = settings
        self.plan = plan
        self.pool = pool
        toolbox = Toolbox(plan.tools, registry: plan.registry)
        values = PlanValues(input: plan.input)
    }

    /// The outputs as the model is shown them.
    var found: String {
        values.outputs.members.map { member in
            let text = member.value.string ?? String(decoding: member.value.bytes, as: UTF8.self)
            return "\(member.name): \(text.cut(bytes: Work.shownBytes))"
        }.joined(separator: "\n")
    }

    /// Asks the model, as a step.
    mutating func ask(_ question: JSONObject, key: String) async throws(StepFailure) -> JSONValue {
        var input = question
        input["temperature"] = settings.temperature.map { .double($0) }
        input["timeout"] = .integer(settings.timeoutSeconds)
        input["max_tokens"] = plan.budget.tokensLeft.map { .integer(min($0, LLMChatTool.maxTokens.upperBound)) }
        let output = try await plan.ask(input, key: key)
        if let refusal = output["refusal"]?.string {
            throw StepFailure(Fault(.outboundRefused, "The model refuses: \(refusal.cut(bytes: 300))"), .permanent)
        }
        return output
    }

    /// The steps of the model's plan.
    func steps(_ output: JSONValue) throws(PlanProblem) -> [PlannedStep] {
        guard let given = output["json"]?["steps"]?.array, given.count <= PlannedStep.stepLimit else {
            throw .plan("The plan was no list of at most \(PlannedStep.stepLimit) steps.")
        }
        var steps: [PlannedStep] = []
        for value in given {
            let step: PlannedStep
            do throws(Fault) {
                step = try PlannedStep.declaration.decode(value.bytes)
            } catch {
                throw .plan(
                    "A step of the plan was not of the form that was asked for: \(error.fields.first?.message ?? error.message)")
            }
            guard toolbox[step.tool] != nil else { throw .plan("There is no tool \(step.tool).") }
            steps.append(step)
        }
        return steps
    }

    /// Makes the calls of a plan.
    mutating func carry(_ steps: [PlannedStep], _ round: Int) async throws(PlanProblem) {
        for (number, step) in steps.enumerated() {
            let key = "plan[\(round)]/step[\(number)]"
            let input = try await filled(step, key)
            let output: JSONValue
            do throws(StepFailure) {
                output = try await call(step, input, key: key)
            } catch {
                throw .run(error)
            }
            guard let value = output["output"] else {
                throw .plan("Step \(step.name) failed: \(String(decoding: (output["error"] ?? output).bytes, as: UTF8.self))")
            }
            values.outputs[step.name] = value
        }
    }

    /// The input of a step; what is wrong with it the model can mend.
    private func filled(_ step: PlannedStep, _ key: String) async throws(PlanProblem) -> JSONObject {
        var problems = Problems()
        let scope = PlanValues.scope(Set(values.outputs.members.map(\.name)))
        for place in FlowValue(step.input, at: "", reading: PlanValues.read, &problems).places() {
            for problem in scope.problems(place.expression) { problems.add(.reference, problem, at: place.path) }
        }
        var problem = problems.fields.first?.message
        if problem == nil {
            do throws(StepFailure) {
                return try await SequenceStrategy.filled(step, from: values.context, key, at: nil, pool)
            } catch {
                // What may pass is no fault of the plan.
                guard error.kind == .permanent else { throw .run(error) }
                problem = error.fault.fields.first?.message ?? error.fault.message
            }
        }
        throw .plan("Step \(step.name): \(problem ?? "")")
    }

    private mutating func call(_ step: PlannedStep, _ input: JSONObject, key: String) async throws(StepFailure) -> JSONValue {
        guard let entry = toolbox[step.tool] else {
            throw StepFailure(Fault(.toolNotAvailable, "There is no tool \(step.tool)."))
        }
        try circles.note(step.tool, input)
        let output = try await plan.attempt(entry.use, key: key, arguments: Toolbox.open(input, entry.use))
        if plan.hasRested(key) { circles.clear() }
        return output
    }
}
