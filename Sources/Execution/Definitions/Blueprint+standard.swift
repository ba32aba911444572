// The blueprint of an agent that comes without one: a report on the tenant's own executions, and where the operator has a model, its words
// about that.

import JSON

extension Blueprint {
    /// - Parameter role: what the model is told to be.
    static func standard(role: String?, _ registry: ToolRegistry) -> Blueprint {
        var tools = [ToolUse(name: "insights")]
        if (registry.tool("llm_chat") as? LLMChatTool)?.isAvailable == true {
            var configuration = JSONObject()
            configuration["system"] = .string(role ?? "You look after the automations of an organisation.")
            configuration["prompt"] = "Say in a few sentences what this report shows, and what should be looked at first."
            configuration["send_previous"] = true
            tools.append(ToolUse(name: "llm_chat", configuration: configuration))
        }
        return Blueprint(tools: tools, strategy: StrategyUse(name: "reactive"))
    }
}
