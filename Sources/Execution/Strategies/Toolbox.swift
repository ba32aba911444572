// The tools of a blueprint as a model sees them: each under a name of its own, with the arguments that the blueprint leaves open. What
// the blueprint sets, a model can't set otherwise.

import Base
import JSON

/// The tools that a model may call.
struct Toolbox {
    /// A tool under its name.
    struct Entry {
        let name: String
        let use: Blueprint.ToolUse
        let description: ChatTool
    }

    let entries: [Entry]

    init(_ uses: [Blueprint.ToolUse], registry: ToolRegistry) {
        let names = Toolbox.names(uses)
        var entries: [Entry] = []
        for (name, use) in zip(names, uses) {
            guard let tool = registry.tool(use.name) else { continue }
            entries.append(Entry(name: name, use: use, description: Toolbox.describe(name, tool, use)))
        }
        self.entries = entries
    }

    /// The names of the tools: a tool that is listed again has its number behind it.
    static func names(_ uses: [Blueprint.ToolUse]) -> [String] {
        var names: [String] = []
        for use in uses {
            var number = 1
            while names.contains(number == 1 ? use.name : "\(use.name)_\(number)") { number += 1 }
            names.append(number == 1 ? use.name : "\(use.name)_\(number)")
        }
        return names
    }

    subscript(name: String) -> Entry? { entries.first { $0.name == name } }

    /// The arguments of a call without those that the blueprint has set.
    static func open(_ arguments: JSONObject, _ use: Blueprint.ToolUse) -> JSONObject {
        var open = arguments
        for member in use.configuration.members { open[member.name] = nil }
        return open
    }

    private static func describe(_ name: String, _ tool: some Tool, _ use: Blueprint.ToolUse) -> ChatTool {
        let properties = tool.arguments.properties.filter {
            use.configuration[$0.name] == nil && $0.name != "previous" && !tool.fixedNames.contains($0.name)
        }
        let text = SchemaNode(.object(properties)).inlined().text
        let schema = (try? JSONValue(parsing: Array(text.utf8))) ?? ["type": "object"]
        return ChatTool(name: name, summary: tool.summary, parameters: schema)
    }

    /// The tools in the form that `llm_chat` takes.
    var value: JSONValue {
        .array(
            entries.map {
                [
                    "name": .string($0.description.name), "description": .string($0.description.summary),
                    "parameters": $0.description.parameters,
                ]
            })
    }
}
