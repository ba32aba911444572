// Automations on the wire and in the store.

import Base
import JSON

extension Automation {
    /// An automation as it is answered.
    public static let output = Output<Automation>(
        "Automation", "Steps that are done in order, and what has them done.", head + content + rest
    ).revised { $0.revision }

    /// The same as it stands in lists.
    public static let summary = Output<Automation>(
        "AutomationSummary", "An automation without its triggers and steps.", head + rest)

    private static let head: [Output<Automation>.Field] = [
        .field("id", "Its id.") { $0.id },
        .field("name", "Its name.") { $0.name },
        .field("description", "What it is for.") { $0.description },
    ]
    /// What may be long.
    private static let content: [Output<Automation>.Field] = [
        .field("triggers", "What has it run. Each is a schedule of its own, which the list of schedules shows.") {
            $0.triggers
        },
        .field("steps", "What is done, in order.") { $0.steps },
    ]
    private static let rest: [Output<Automation>.Field] = [
        .field("limits", "What one run may take.") { $0.limits },
        .field("state", "Where it stands: only an active automation runs, an archived one never again.") { $0.state },
        .field("status", "What became of it so far, by its last run.") { $0.status },
        .field("last_execution_id", "Its last run.") { $0.lastExecution },
        .field("version", "The number of its version, from 1.") { $0.version },
        .field("created_at", "When it was made.") { $0.createdAt },
        .field("updated_at", "When it last changed.") { $0.updatedAt },
    ]
}

extension AutomationTrigger {
    static let input = Input<AutomationTrigger>("AutomationTrigger", "What makes an automation run.") { fields in
        AutomationTrigger(
            trigger: fields.required("trigger", ScheduleTrigger.input, "When. The first time is later than now."),
            missed: fields.defaulted(
                "missed", MissedPolicy.input, .skip, "What becomes of fires that were missed by more than a minute."),
            overlap: fields.defaulted(
                "overlap", .enumeration(OverlapPolicy.self), .skip,
                "What becomes of a fire while the run of an earlier one is under way."),
            input: fields.defaulted("input", .runInput, .emptyObject, "What each run is given."))
    }

    var value: JSONValue {
        [
            "trigger": trigger.value, "missed": missed.value, "overlap": .string(overlap.rawValue),
            "input": (try? JSONValue(parsing: input.bytes)) ?? [:],
        ]
    }
}

extension CreateAutomation {
    public static let input = Input<CreateAutomation>("CreateAutomation", "A new automation. It is active.") { fields in
        CreateAutomation(
            name: fields.required("name", .string(1...100, format: .line), "Its name."),
            description: fields.defaulted("description", .string(0...2000), "", "What it is for."),
            body: AutomationBody(
                triggers: fields.defaulted(
                    "triggers", .array(of: AutomationTrigger.input, 0...Automation.triggerLimit), [],
                    "What has it run; without any, only somebody who wants it."),
                steps: fields.required(
                    "steps", .array(of: PlannedStep.declaration, 1...PlannedStep.stepLimit),
                    "What is done, in order; each step has what the one before came to as `previous`, where its tool takes that."),
                limits: fields.defaulted("limits", Blueprint.RunLimits.input, .standard, "What one run may take.")))
    }
}

extension UpdateAutomation {
    public static let input = Input<UpdateAutomation>(
        "UpdateAutomation", "What changes of an automation; what is left out stays."
    ) { fields in
        UpdateAutomation(
            name: fields.optional("name", .string(1...100, format: .line), "Its name."),
            description: fields.optional("description", .string(0...2000), "What it is for."),
            triggers: fields.optional(
                "triggers", .array(of: AutomationTrigger.input, 0...Automation.triggerLimit),
                "All its new triggers, planned anew from now."),
            steps: fields.optional(
                "steps", .array(of: PlannedStep.declaration, 1...PlannedStep.stepLimit),
                "All its new steps. They make a new version; runs that exist finish on theirs."),
            limits: fields.optional("limits", Blueprint.RunLimits.input, "What one run may take."))
    }
}
