// What a tool is: a named operation with declared configuration, input, output and effect. No tool runs a user's code, a shell, or
// touches files. One file a tool in this folder, and one line in the registry.

import Base
import JSON
import Postgres
import Tenancy

/// An operation that agents can use.
public protocol Tool: Sendable {
    /// What a call is given, decoded.
    associatedtype Arguments: Sendable

    /// The name in blueprints.
    var name: String { get }
    /// The version of its behaviour, such as `1.0.0`.
    var version: String { get }
    /// One sentence.
    var summary: String { get }
    /// What it is about, in one word.
    var category: String { get }
    /// What a second call may do, at worst.
    var effect: Effect { get }
    /// What a blueprint may say: everything that a call takes, and nothing of it required.
    var configuration: Input<Arguments> { get }
    /// What a call takes, once configuration and run input are put together.
    var arguments: Input<Arguments> { get }
    /// What comes out.
    var output: SchemaNode { get }
    /// Calls that work as they stand.
    var examples: [ToolExample] { get }

    /// Names that the blueprint alone sets: neither what a run is triggered with nor a model does.
    var fixedNames: Set<String> { get }

    /// Whether what the blueprint has set is out of reach of what a run is triggered with.
    var keepsConfiguration: Bool { get }

    /// What it does to what belongs to the tenant, at worst: whoever names it in a definition has to hold these.
    var rights: Rights { get }

    /// The definitions that an input names, each with its field.
    func references(_ input: JSONObject) -> [(field: String, definition: DefinitionReference)]

    /// What a second call with these arguments may do.
    func effect(of arguments: Arguments) -> Effect

    /// The input as it may be kept and shown: without secrets.
    func redacted(_ input: JSONObject) -> JSONObject

    /// Does it. Cancelling the task ends the call at once.
    func call(_ arguments: Arguments, in context: ToolContext) async throws(StepFailure) -> JSONValue
}

/// A call of a tool that works as it stands.
public struct ToolExample: Sendable {
    public let title: String
    /// What goes into the blueprint.
    public let configuration: JSONObject
    /// What the agent is triggered with.
    public let input: JSONObject

    public init(_ title: String, configuration: JSONValue = [:], input: JSONValue = [:]) {
        self.title = title
        self.configuration = configuration.object ?? JSONObject()
        self.input = input.object ?? JSONObject()
    }
}

extension Tool {
    public var fixedNames: Set<String> { [] }

    public var keepsConfiguration: Bool { false }

    public var rights: Rights { .none }

    public func references(_ input: JSONObject) -> [(field: String, definition: DefinitionReference)] { [] }

    public func effect(of arguments: Arguments) -> Effect { effect }

    public func redacted(_ input: JSONObject) -> JSONObject { input }

    /// Checks what a blueprint says.
    /// - Throws: `.invalid` naming the fields.
    func checkConfiguration(_ object: JSONObject) throws(Fault) {
        _ = try configuration.decode(JSONValue.object(object).bytes)
    }

    /// Whether it asks a model; its output says then what that took, as far as it is known.
    var isModel: Bool { category == "language" }

    /// The names that a call takes from what a run is triggered with.
    var argumentNames: [String] { arguments.properties.map(\.name).filter { !fixedNames.contains($0) } }

    /// Makes a call ready that can be made later.
    /// - Throws: `.invalid` naming the fields of the input.
    func prepare(_ input: JSONObject) throws(Fault) -> PreparedCall {
        if let tool = self as? any TransactionalTool { return try tool.prepareWithin(input) }
        if let tool = self as? any StagedTool { return try tool.prepareStaged(input) }
        let decoded = try arguments.decode(JSONValue.object(input).bytes)
        return PreparedCall(
            effect: effect(of: decoded),
            way: .alone { context throws(StepFailure) in
                try await self.call(decoded, in: context)
            })
    }
}

/// A call whose input was checked.
struct PreparedCall {
    /// How it is made.
    enum Way {
        case alone((ToolContext) async throws(StepFailure) -> JSONValue)
        /// In the transaction that finishes the step.
        case within((ToolContext, Session) async throws(StepFailure) -> JSONValue)
        /// In two parts, the second of which is that transaction.
        case staged((ToolContext) async throws(StepFailure) -> StagedWrite)
    }

    let effect: Effect
    let way: Way

    /// Makes a call that needs no transaction.
    func act(_ context: ToolContext) async throws(StepFailure) -> JSONValue {
        guard case .alone(let act) = way else { preconditionFailure("a transactional tool is called within a session") }
        return try await act(context)
    }
}
