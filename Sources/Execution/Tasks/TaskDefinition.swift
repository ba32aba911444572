// A task as its tenant sees it: a definition of one act with its parameters, which runs when somebody or a schedule wants it.

import Base
import JSON

/// A task.
public struct TaskDefinition: Sendable {
    /// What a task may say about its turn in the queue; 0 is what everybody has.
    public static let priorities = 0...9

    public let id: TaskID
    public let name: String
    public let description: String
    public let type: TaskType
    public let parameters: JSONRaw
    public let priority: Int
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

/// What a task does, in one version.
public struct TaskBody: Sendable, Equatable {
    public let type: TaskType
    public let parameters: JSONObject
    public let priority: Int
    public let limits: Blueprint.RunLimits

    public init(
        _ type: TaskType, parameters: JSONObject, priority: Int = 0, limits: Blueprint.RunLimits = .standard
    ) {
        self.type = type
        self.parameters = parameters
        self.priority = priority
        self.limits = limits
    }

    /// What a run carries through: the one tool of the type.
    var blueprint: Blueprint {
        Blueprint(
            tools: [Blueprint.ToolUse(name: type.tool, configuration: parameters)],
            strategy: Blueprint.StrategyUse(name: "reactive"), limits: limits)
    }

    /// Checks the type and the parameters against what the registry has.
    /// - Returns: the call that it is.
    /// - Throws: `.toolNotAvailable` naming `type`, `.invalid` naming the parameters.
    @discardableResult
    func check(against registry: ToolRegistry) throws(Fault) -> [PlannedCall] {
        guard let tool = registry.tool(type.tool) else {
            throw Fault(
                .toolNotAvailable, "A field is not valid.",
                fields: [
                    Fault.Field("type", "reference", "Tasks of this type can't be run here: the tool \(type.tool) is missing.")
                ])
        }
        do throws(Fault) {
            try tool.checkArguments(parameters)
        } catch {
            guard !error.fields.isEmpty else { throw .invalid("parameters", "format", error.message) }
            throw error.below("parameters")
        }
        return [
            PlannedCall(tool: type.tool, place: "type", input: .literal(.object(parameters)), path: "parameters", isWhole: true)
        ]
    }
}

extension Tool {
    /// Checks all that a call takes.
    fileprivate func checkArguments(_ object: JSONObject) throws(Fault) {
        _ = try arguments.decode(JSONValue.object(object).bytes)
    }
}

/// What it takes to make a task.
public struct CreateTask: Sendable {
    public let name: String
    public let description: String
    public let body: TaskBody

    public init(name: String, description: String = "", body: TaskBody) {
        self.name = name
        self.description = description
        self.body = body
    }
}

/// What changes of a task; what is `nil` stays.
public struct UpdateTask: Sendable {
    public let name: String?
    public let description: String?
    /// New ones make a new version; runs that exist finish on theirs.
    public let parameters: JSONObject?
    public let priority: Int?
    public let limits: Blueprint.RunLimits?

    public init(
        name: String? = nil, description: String? = nil, parameters: JSONObject? = nil, priority: Int? = nil,
        limits: Blueprint.RunLimits? = nil
    ) {
        self.name = name
        self.description = description
        self.parameters = parameters
        self.priority = priority
        self.limits = limits
    }

    /// What a task does from now on; `nil` when that stays.
    func body(after present: TaskBody) -> TaskBody? {
        guard parameters != nil || priority != nil || limits != nil else { return nil }
        return TaskBody(
            present.type, parameters: parameters ?? present.parameters, priority: priority ?? present.priority,
            limits: limits ?? present.limits)
    }
}

extension TaskDefinition {
    init(_ record: DefinitionRecord<TaskKind>) throws(Fault) {
        let body = try TaskBody(stored: record.body)
        self.init(
            id: record.id, name: record.name, description: record.description, type: body.type,
            parameters: JSONRaw(JSONValue.object(body.parameters).bytes), priority: body.priority,
            limits: JSONRaw(body.limits.value.bytes), state: record.state, status: record.status,
            lastExecution: record.lastExecution, version: record.version, createdAt: record.createdAt,
            updatedAt: record.updatedAt, revision: record.revision)
    }
}
