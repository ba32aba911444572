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

    /// What the store holds of a task.
    init(stored body: JSONRaw) throws(Fault) {
        let value = try JSONValue(parsing: body.bytes)
        guard let type = value["type"]?.string.flatMap({ TaskType(rawValue: $0) }), let priority = value["priority"]?.int else {
            throw Fault(.internalError, "The server could not do it.", cause: "the body of a task is none")
        }
        self.init(
            type, parameters: value["parameters"]?.object ?? JSONObject(), priority: priority,
            limits: try Blueprint.RunLimits.input.decode((value["limits"] ?? [:]).bytes))
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
