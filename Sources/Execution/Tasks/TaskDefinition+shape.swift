// Tasks on the wire and in the store.

import Base
import JSON

extension TaskDefinition {
    /// A task as it is answered.
    public static let output = Output<TaskDefinition>(
        "Task", "One act with its parameters, which can be run and scheduled.",
        [
            .field("id", "Its id.") { $0.id },
            .field("name", "Its name.") { $0.name },
            .field("description", "What it is for.") { $0.description },
            .field("type", "What it does.") { $0.type },
            .field("parameters", "What it does that with, by the schema of the type's tool.") { $0.parameters },
            .field("priority", "0 to 9; each level is worth ten seconds of waiting.") { $0.priority },
            .field("limits", "What one run may take.") { $0.limits },
            .field("state", "Where it stands: only an active task runs, an archived one never again.") { $0.state },
            .field("status", "What became of it so far, by its last run.") { $0.status },
            .field("last_execution_id", "Its last run.") { $0.lastExecution },
            .field("version", "The number of its version, from 1.") { $0.version },
            .field("created_at", "When it was made.") { $0.createdAt },
            .field("updated_at", "When it last changed.") { $0.updatedAt },
        ]
    ).revised { $0.revision }
}

extension TaskBody {
    /// The text that is stored: what the task says, and beside it the blueprint that a run carries through.
    var bytes: [UInt8] {
        let value: JSONValue = [
            "type": .string(type.rawValue), "parameters": .object(parameters), "priority": .integer(priority),
            "limits": limits.value,
            "blueprint": (try? JSONValue(parsing: blueprint.bytes)) ?? .null,
        ]
        return value.bytes
    }
}

extension CreateTask {
    public static let input = Input<CreateTask>("CreateTask", "A new task. It is active.") { fields in
        CreateTask(
            name: fields.required("name", .string(1...100, format: .line), "Its name."),
            description: fields.defaulted("description", .string(0...2000), "", "What it is for."),
            body: TaskBody(
                fields.required("type", .enumeration(TaskType.self), "What it does."),
                parameters: fields.required(
                    "parameters", .object(bytes: Blueprint.configurationBytes),
                    "What it does that with, by the schema of the type's tool."
                ).object ?? JSONObject(),
                priority: fields.defaulted(
                    "priority", .integer(TaskDefinition.priorities), 0, "0 to 9; each level is worth ten seconds of waiting."),
                limits: fields.defaulted("limits", Blueprint.RunLimits.input, .standard, "What one run may take.")))
    }
}

extension UpdateTask {
    public static let input = Input<UpdateTask>("UpdateTask", "What changes of a task; what is left out stays.") { fields in
        UpdateTask(
            name: fields.optional("name", .string(1...100, format: .line), "Its name."),
            description: fields.optional("description", .string(0...2000), "What it is for."),
            parameters: fields.optional(
                "parameters", .object(bytes: Blueprint.configurationBytes),
                "All its new parameters. They make a new version; runs that exist finish on theirs."
            )?.object,
            priority: fields.optional("priority", .integer(TaskDefinition.priorities), "Its priority."),
            limits: fields.optional("limits", Blueprint.RunLimits.input, "What one run may take."))
    }
}

/// What a task is run with.
public struct RunTask: Sendable {
    /// An object: what it names goes over the parameters.
    public let input: JSONRaw

    public init(input: JSONRaw = .emptyObject) {
        self.input = input
    }

    public static let input = Input<RunTask>("RunTask", "What a task is run with.") { fields in
        RunTask(
            input: fields.defaulted(
                "input", .rawObject(bytes: TriggerAgent.inputBytes), .emptyObject,
                "Its members go over the parameters of the task."))
    }
}

extension TaskStatistics {
    /// Statistics as they are answered.
    public static let output = Output<TaskStatistics>(
        "TaskStatistics", "How the latest 10000 runs of a task went, at most.",
        [
            .field("total", "Runs.") { $0.total },
            .field("live", "Those that have not ended.") { $0.live },
            .field("succeeded", "Those that succeeded.") { $0.succeeded },
            .field("failed", "Those that failed.") { $0.failed },
            .field("timed_out", "Those whose time was over.") { $0.timedOut },
            .field("cancelled", "Those that were cancelled.") { $0.cancelled },
            .field("indeterminate", "Those of which nobody knows.") { $0.indeterminate },
            .field("success_rate", "Succeeded through all that ended without being cancelled; null before one did.") {
                $0.successRate
            },
            .field("p50_duration_ms", "Half of those that succeeded took no longer, from the first start to the end.") {
                $0.medianMilliseconds
            },
            .field("p95_duration_ms", "95 in 100 of those that succeeded took no longer.") { $0.p95Milliseconds },
            .field("last_finished_at", "When the last one ended.") { $0.lastFinishedAt },
        ])
}
