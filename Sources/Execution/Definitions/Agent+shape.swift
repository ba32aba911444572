// Agents on the wire.

import Base
import JSON

extension Agent {
    /// An agent as it is answered.
    public static let output = Output<Agent>(
        "Agent", "A definition that can be triggered.",
        AgentSummary.head { $0.summary }
            + [.field("blueprint", "The tools, the strategy and the limits of a run.") { $0.blueprint }]
            + AgentSummary.rest { $0.summary }
    ).revised { $0.summary.revision }
}

extension AgentSummary {
    /// An agent as it stands in lists.
    public static let output = Output<AgentSummary>(
        "AgentSummary", "An agent without its blueprint.", head { $0 } + rest { $0 })

    fileprivate static func head<Whole>(_ summary: @escaping @Sendable (Whole) -> AgentSummary) -> [Output<Whole>.Field] {
        [
            .field("id", "Its id.") { summary($0).id },
            .field("name", "Its name.") { summary($0).name },
            .field("description", "What it is for.") { summary($0).description },
            .field("state", "Where it stands: only a running agent can be triggered, a stopped one never again.") {
                summary($0).state
            },
            .field("version", "The number of the blueprint's version, from 1.") { summary($0).version },
        ]
    }

    fileprivate static func rest<Whole>(_ summary: @escaping @Sendable (Whole) -> AgentSummary) -> [Output<Whole>.Field] {
        [
            .field("created_at", "When it was made.") { summary($0).createdAt },
            .field("updated_at", "When it last changed.") { summary($0).updatedAt },
        ]
    }
}

extension CreateAgent {
    public static let input = Input<CreateAgent>("CreateAgent", "A new agent.") { fields in
        let agent = CreateAgent(
            name: fields.required("name", .string(1...100, format: .line), "Its name."),
            description: fields.defaulted("description", .string(0...2000), "", "What it is for."),
            blueprint: fields.optional(
                "blueprint", Blueprint.input,
                "The tools, the strategy and the limits of a run; left out: a report on the executions, told by the model if there is one."
            ),
            role: fields.optional("role", .string(1...2000), "Without a blueprint: what the model is told to be."))
        fields.refuse(
            "role", .unknown, "A blueprint says itself what its model is told.", when: agent.role != nil && agent.blueprint != nil
        )
        return agent
    }
}

extension UpdateAgent {
    public static let input = Input<UpdateAgent>("UpdateAgent", "What changes of an agent; what is left out stays.") { fields in
        UpdateAgent(
            name: fields.optional("name", .string(1...100, format: .line), "Its name."),
            description: fields.optional("description", .string(0...2000), "What it is for."),
            blueprint: fields.optional(
                "blueprint", Blueprint.input, "The whole new blueprint. It makes a new version; runs that exist finish on theirs."
            ))
    }
}

extension TriggerAgent {
    public static let input = Input<TriggerAgent>("TriggerAgent", "What an agent is triggered with.") { fields in
        TriggerAgent(
            input: fields.defaulted(
                "input", .runInput, .emptyObject,
                "Its members go over the configuration of the tools that take them."),
            priority: fields.defaulted("priority", .integer(0...9), 0, "Each level is worth ten seconds of waiting."),
            startAt: fields.optional("start_at", .timestamp, "When it is to begin; left out: now."),
            concurrencyKey: fields.optional(
                "concurrency_key", .string(1...100, format: .line),
                "Of the executions of one agent with one key one is worked on at a time, in order; one that waits, is paused or is between attempts lets the others go first."
            ))
    }
}
