// The calls of tools that a definition names, as far as they are known when it is saved: what every kind of definition is checked by, whatever
// it is made of. Whoever saves it has to hold what its tools do; what it runs has to be there. What is filled in when it runs is checked then.

import Base
import JSON
import Postgres
import Tenancy

/// A call that a definition names.
public struct PlannedCall: Sendable {
    let tool: String
    /// Where the definition names the tool.
    let place: String
    let input: FlowValue
    /// Where the input stands in it.
    let path: String
    /// Whether the tool is given nothing else.
    var isWhole = false

    /// The same where its definition stands below `path`.
    func below(_ path: String) -> PlannedCall {
        PlannedCall(tool: tool, place: "\(path).\(place)", input: input, path: "\(path).\(self.path)", isWhole: isWhole)
    }

    /// The definitions that are run which one version names.
    static let present = Statement<DefinitionReference, [UUIDBits]>(
        "definitions that are named", "SELECT kind || ' ' || id FROM definitions WHERE id = ANY ($1) AND state <> 'deleted'",
        repeatable: true
    ) { row throws(Fault) in try row.definition(0) }
}

extension [PlannedCall] {
    /// What is wrong with the calls: unknown tools, and inputs that the tools will not take.
    func problems(_ registry: ToolRegistry) -> [Fault.Field] {
        flatMap { call in
            guard let tool = registry.tool(call.tool) else {
                return [Fault.Field(call.place, "reference", "There is no tool \(call.tool.cut(bytes: 100)).")]
            }
            return tool.problems(of: call)
        }
    }

    /// Checks that somebody may have done what the tools do.
    /// - Throws: `.forbidden` naming the right and the call.
    func checkRights(of scope: TenantScope, _ registry: ToolRegistry) throws(Fault) {
        for call in self {
            guard let lacking = registry.tool(call.tool)?.rights.subtracting(scope.rights).list.first else { continue }
            throw Fault(
                .forbidden, "The credential does not hold \(lacking.rawValue), which \(call.tool) needs at \(call.place).")
        }
    }

    /// Checks that the definitions are there which the calls run. One of another tenant is none.
    /// - Throws: `.invalid` naming the fields.
    func checkReferences(_ registry: ToolRegistry, within session: Session) async throws(Fault) {
        let named = flatMap { call in
            registry.tool(call.tool)?.references(call.input.known()).map { (path: "\(call.path).\($0.field)", of: $0.definition) }
                ?? []
        }
        guard !named.isEmpty else { return }
        let present = Set(try await session.query(PlannedCall.present, Array<UUIDBits>(Set(named.map(\.of.uuid)))))
        var problems = Problems()
        for name in named where !present.contains(name.of) {
            problems.add(.reference, "There is no such \(name.of.kind).", at: name.path)
        }
        guard problems.isEmpty else { throw problems.fault }
    }
}

extension Tool {
    /// What is wrong with the input of a call, as far as it is known.
    fileprivate func problems(of call: PlannedCall) -> [Fault.Field] {
        let declared = arguments.properties
        let maps = declared.filter { if case .map = $0.node.shape { true } else { false } }.map(\.name)
        var fields: [Fault.Field] = []
        do throws(Fault) {
            try checkConfiguration(call.input.known(maps: Set(maps)))
        } catch {
            fields = error.fields
        }
        let names = call.input.names
        for name in names where !declared.contains(where: { $0.name == name }) {
            let field = Fault.Field(name.cut(bytes: 100), Problems.Code.unknown.rawValue, "There is no such field.")
            if !fields.contains(where: { $0.path == field.path }) { fields.append(field) }
        }
        for property in declared where call.isWhole && property.isRequired && !names.contains(property.name) {
            guard !fields.contains(where: { $0.path == property.name }) else { continue }
            fields.append(Fault.Field(property.name, Problems.Code.required.rawValue, "This field is required."))
        }
        return Fault(.invalid, "", fields: fields).below(call.path).fields
    }
}
