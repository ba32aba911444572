// An automation as its tenant sees it: steps that are done in order, and the triggers that have them done. The triggers are schedules that belong to
// it; the steps are the plan of the strategy `sequence`.

import Base
import JSON

/// An automation.
public struct Automation: Sendable {
    /// The most triggers of one automation.
    public static let triggerLimit = 10

    public let id: AutomationID
    public let name: String
    public let description: String
    public let triggers: JSONRaw
    public let steps: JSONRaw
    public let limits: JSONRaw
    public let state: DefinitionState
    public let status: RunStatus
    public let lastExecution: ExecutionID?
    /// The number of the version, from 1.
    public let version: Int
    public let createdAt: Timestamp
    public let updatedAt: Timestamp
    /// How often it has changed, from 1.
    public let revision: Int
}

/// What makes an automation run.
struct AutomationTrigger: Sendable, Equatable {
    let trigger: ScheduleTrigger
    let missed: MissedPolicy
    let overlap: OverlapPolicy
    let input: JSONRaw
}

/// What an automation does, in one version.
struct AutomationBody: Sendable {
    let triggers: [AutomationTrigger]
    let steps: [PlannedStep]
    let limits: Blueprint.RunLimits

    /// Checks the steps against each other and against what the registry has.
    /// - Returns: the calls that they are.
    /// - Throws: `.invalid` naming the steps and their fields.
    @discardableResult
    func check(against registry: ToolRegistry) throws(Fault) -> [PlannedCall] {
        let check = PlanCheck(steps, at: "steps")
        var problems = check.problems
        var names: Set<String> = []
        for (index, step) in steps.enumerated() where !names.insert(step.name).inserted {
            problems.add(.duplicate, "Another step is called \(step.name.cut(bytes: 100)).", at: "steps[\(index)].name")
        }
        for field in check.calls.problems(registry) {
            problems.add(Problems.Code(rawValue: field.code) ?? .format, field.message, at: field.path)
        }
        guard problems.isEmpty else { throw problems.fault }
        return check.calls
    }

    /// The text that is stored: what the automation says, and beside it the blueprint that a run carries through.
    var bytes: [UInt8] {
        let tools = steps.map(\.tool).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        let value: JSONValue = [
            "triggers": .array(triggers.map(\.value)), "limits": limits.value,
            "blueprint": [
                "tools": .array(tools.map { ["name": .string($0)] }),
                "strategy": ["name": "sequence", "config": ["steps": .array(steps.map(\.value))]], "limits": limits.value,
            ],
        ]
        return value.bytes
    }

    /// What the store holds of an automation.
    init(stored body: JSONRaw) throws(Fault) {
        let value = try JSONValue(parsing: body.bytes)
        var triggers: [AutomationTrigger] = []
        for trigger in value["triggers"]?.array ?? [] { triggers.append(try AutomationTrigger.input.decode(trigger.bytes)) }
        var steps: [PlannedStep] = []
        for step in value["blueprint"]?["strategy"]?["config"]?["steps"]?.array ?? [] {
            steps.append(try PlannedStep.declaration.decode(step.bytes))
        }
        self.init(
            triggers: triggers, steps: steps, limits: try Blueprint.RunLimits.input.decode((value["limits"] ?? [:]).bytes))
    }

    init(triggers: [AutomationTrigger], steps: [PlannedStep], limits: Blueprint.RunLimits) {
        self.triggers = triggers
        self.steps = steps
        self.limits = limits
    }
}

/// What it takes to make an automation.
public struct CreateAutomation: Sendable {
    let name: String
    let description: String
    let body: AutomationBody
}

/// What changes of an automation; what is `nil` stays.
public struct UpdateAutomation: Sendable {
    let name: String?
    let description: String?
    let triggers: [AutomationTrigger]?
    let steps: [PlannedStep]?
    let limits: Blueprint.RunLimits?

    /// What an automation does from now on; `nil` when that stays.
    func body(after present: AutomationBody) -> AutomationBody? {
        guard triggers != nil || steps != nil || limits != nil else { return nil }
        return AutomationBody(
            triggers: triggers ?? present.triggers, steps: steps ?? present.steps, limits: limits ?? present.limits)
    }
}

extension Automation {
    init(_ record: DefinitionRecord<AutomationKind>) throws(Fault) {
        let value = try JSONValue(parsing: record.body.bytes)
        func raw(_ value: JSONValue?) -> JSONRaw { JSONRaw((value ?? .null).bytes) }
        self.init(
            id: record.id, name: record.name, description: record.description, triggers: raw(value["triggers"]),
            steps: raw(value["blueprint"]?["strategy"]?["config"]?["steps"]), limits: raw(value["limits"]), state: record.state,
            status: record.status, lastExecution: record.lastExecution, version: record.version, createdAt: record.createdAt,
            updatedAt: record.updatedAt, revision: record.revision)
    }
}
