// Schedules on the wire.

import Base
import JSON

extension Schedule {
    /// A schedule as it is answered.
    public static let output = Output<Schedule>(
        "Schedule", "When an agent, a task, a flow or an automation runs by itself.",
        [
            .field("id", "Its id.") { $0.id },
            .field("name", "Its name.") { $0.name },
        ] + Output<Schedule>.Field.definition { $0.definition } + [
            .field("trigger", "When it fires.") { $0.trigger },
            .field("input", "What each run is given.") { $0.input },
            .field("missed", "What becomes of fires that were missed by more than a minute.") { $0.missed },
            .field("overlap", "What becomes of a fire while the run of an earlier one is under way.") { $0.overlap },
            .field("state", "Where it stands.") { $0.state },
            .field("next_fire_at", "When it fires next by the clock.") { $0.nextFireAt },
            .field("last_fired_at", "When it last began a run.") { $0.lastFiredAt },
            .field("last_execution_id", "The run that it began last.") { $0.lastExecution },
            .field("created_at", "When it was made.") { $0.createdAt },
            .field("updated_at", "When it was last changed.") { $0.updatedAt },
        ]
    ).revised { $0.revision }
}

extension CreateSchedule {
    public static let input = Input<CreateSchedule>("CreateSchedule", "A new schedule.") { fields in
        let definition = fields.definition()
        fields.refuse(
            "agent_id", .required, "A schedule is of an agent, a task, a flow or an automation.", when: definition == nil)
        fields.refuse(
            "automation_id", .format, "An automation has triggers of its own: change those.",
            when: definition?.automation != nil)
        return CreateSchedule(
            name: fields.required("name", .string(1...100, format: .line), "Its name."),
            definition: definition ?? .agent(AgentID(UUIDBits(high: 0, low: 0))),
            trigger: fields.required("trigger", ScheduleTrigger.input, "When it fires. The first time is later than now."),
            input: fields.defaulted("input", .runInput, .emptyObject, "What each run is given."),
            policies: (
                fields.defaulted(
                    "missed", MissedPolicy.input, .skip, "What becomes of fires that were missed by more than a minute."),
                fields.defaulted(
                    "overlap", .enumeration(OverlapPolicy.self), .skip,
                    "What becomes of a fire while the run of an earlier one is under way.")
            ))
    }
}

extension UpdateSchedule {
    public static let input = Input<UpdateSchedule>("UpdateSchedule", "What changes of a schedule; what is left out stays.") {
        fields in
        UpdateSchedule(
            name: fields.optional("name", .string(1...100, format: .line), "Its name."),
            trigger: fields.optional("trigger", ScheduleTrigger.input, "When it fires, planned anew from now."),
            input: fields.optional("input", .runInput, "What each run is given."),
            missed: fields.optional("missed", MissedPolicy.input, "What becomes of missed fires."),
            overlap: fields.optional("overlap", .enumeration(OverlapPolicy.self), "What becomes of fires that overlap."))
    }
}

extension ScheduleFire {
    /// A fire as it is answered.
    public static let output = Output<ScheduleFire>(
        "ScheduleFire", "What became of one fire.",
        [
            .field("planned_at", "When it was planned, or when its event happened.") { $0.plannedAt },
            .field("event_seq", "The number of the event that made it.") { $0.event },
            .field("outcome", "Whether it began a run, waits for one to end, or was left out.") { $0.outcome },
            .field("reason", "Why it was left out.") { $0.reason },
            .field("until", "It stands for all fires that were planned before this, too.") { $0.until },
            .field("execution_id", "The run that it began.") { $0.execution },
            .field("fired_at", "When that was decided.") { $0.firedAt },
        ])
}
