// Which definition a list is about: one of four parameters, each with ids of its own kind.

import Base
import Execution
import JSON

extension Parameters {
    /// The definition that one of four parameters names; more than one is refused.
    mutating func definition() -> DefinitionReference? {
        let agent = optional("filter[agent_id]", .id(AgentID.self), "Only those of this agent.")
        let task = optional("filter[task_id]", .id(TaskID.self), "Only those of this task.")
        let flow = optional("filter[flow_id]", .id(FlowID.self), "Only those of this flow.")
        let automation = optional("filter[automation_id]", .id(AutomationID.self), "Only those of this automation.")
        let given = DefinitionReference.given(agent, task, flow, automation)
        if given.count > 1, let last = given.last {
            refuse("filter[\(last.kind)_id]", .duplicate, DefinitionReference.onlyOne)
        }
        return given.first
    }
}
