// Schedules: when agents, tasks, flows and automations run by themselves. The states are active ⇄ paused, and ended for what has nothing more to fire. A fire happens once
// whatever the number of servers; what was left out is on record with the reason.

import Base
import Execution
import HTTP
import JSON
import Tenancy

/// Which schedules a caller wants to see.
private struct ListSchedules: Sendable {
    let paging: Paging
    let state: ScheduleState?
    let definition: DefinitionReference?

    static let query = Query<ListSchedules>("ListSchedules") { parameters in
        let paging = Paging.read(&parameters)
        let state = parameters.optional("filter[state]", .enumeration(ScheduleState.self), "Only schedules in this state.")
        return ListSchedules(paging: paging, state: state, definition: parameters.definition())
    }

    /// The list by name, which a cursor is bound to.
    var name: String { "schedules \(state?.rawValue ?? "") \(definition?.name ?? "")" }
}

/// How many planned times a caller wants to see.
private struct Preview: Sendable {
    let count: Int

    static let query = Query<Preview>("Preview") { parameters in
        Preview(count: parameters.defaulted("count", .integer(Schedules.previewLimits), 10, "How many at most."))
    }
}

/// The times at which a schedule is planned to fire.
private struct PlannedTimes: Sendable {
    let times: [Timestamp]

    static let output = Output<PlannedTimes>(
        "PlannedTimes", "When a schedule is planned to fire next, by the clock; none where it waits for events.",
        [.field("times", "The planned times, the earliest first.") { $0.times }])
}

/// Which fires a caller wants to see.
private struct ListFires: Sendable {
    let limit: Int
    let cursor: String?

    static let query = Query<ListFires>("ListFires") { parameters in
        ListFires(
            limit: parameters.defaulted("limit", .integer(1...100), 20, "How many at most."),
            cursor: parameters.optional("cursor", .string(1...200), "The `next_cursor` of the page before."))
    }

    func place(of schedule: ScheduleID, for scope: TenantScope) throws(Fault) -> (planned: Timestamp, event: Int)? {
        guard let cursor else { return nil }
        let place: UUIDBits = try Cursor.open(cursor, query: "fires \(schedule)", for: Cursor.Holder(scope))
        return (Timestamp(microseconds: Int64(bitPattern: place.high)), Int(place.low))
    }

    func seal(_ fire: ScheduleFire, of schedule: ScheduleID, for scope: TenantScope) -> String {
        let place = UUIDBits(high: UInt64(bitPattern: fire.plannedAt.microseconds), low: UInt64(fire.event ?? 0))
        return Cursor.seal(place, query: "fires \(schedule)", for: Cursor.Holder(scope))
    }
}

extension Endpoint {
    static func schedules(_ services: Services) -> [Endpoint] {
        let schedules = services.core.schedules
        return [
            .taking(
                .post, "/v1/schedules",
                "Make a schedule for an agent, a task, a flow or an automation; needs executions:write besides", TasksWrite.self,
                CreateSchedule.input,
                status: 201,
                answers: Schedule.output
            ) { call, permit, input throws(Fault) in
                try await schedules.create(input, permit)
            },
            .asking("/v1/schedules", "List the schedules", TasksRead.self, ListSchedules.query, answers: Schedule.output.page) {
                call, permit, query throws(Fault) in
                let before: ScheduleID? = try query.paging.place(in: query.name, for: permit.scope)
                let part = try await schedules.list(
                    query.state, of: query.definition, before: before, part: (query.paging.limit, query.paging.order), permit)
                return part.page(of: query.name, in: query.paging.order, for: permit.scope)
            },
            .plain(.get, "/v1/schedules/{schedule_id}", "Read a schedule", TasksRead.self, answers: Schedule.output) {
                call, permit throws(Fault) in
                try await schedules.get(try call.id(0), permit)
            },
            .taking(
                .patch, "/v1/schedules/{schedule_id}", "Change a schedule; needs executions:write besides", TasksWrite.self,
                UpdateSchedule.input,
                answers: Schedule.output
            ) { call, permit, input throws(Fault) in
                try await schedules.update(try call.id(0), input, permit)
            },
            .silent(.delete, "/v1/schedules/{schedule_id}", "Delete a schedule; what it began goes on", TasksWrite.self) {
                call, permit throws(Fault) in
                try await schedules.delete(try call.id(0), permit)
            },
            .plain(
                .post, "/v1/schedules/{schedule_id}/pause", "Pause a schedule", TasksWrite.self, answers: Schedule.output
            ) { call, permit throws(Fault) in
                try await schedules.pause(try call.id(0), permit)
            },
            .plain(
                .post, "/v1/schedules/{schedule_id}/resume", "Resume a paused schedule", TasksWrite.self, answers: Schedule.output
            ) { call, permit throws(Fault) in
                try await schedules.resume(try call.id(0), permit)
            },
            .asking(
                "/v1/schedules/{schedule_id}/preview", "Show when a schedule is planned to fire", TasksRead.self, Preview.query,
                answers: PlannedTimes.output
            ) { call, permit, query throws(Fault) in
                PlannedTimes(times: try await schedules.preview(try call.id(0), count: query.count, permit))
            },
            .asking(
                "/v1/schedules/{schedule_id}/fires", "List what became of the fires of a schedule, for thirty days",
                TasksRead.self,
                ListFires.query, answers: ScheduleFire.output.page
            ) { call, permit, query throws(Fault) in
                let id: ScheduleID = try call.id(0)
                let before = try query.place(of: id, for: permit.scope)
                let (fires, hasMore) = try await schedules.fires(of: id, before: before, limit: query.limit, permit)
                return Page(fires, nextCursor: hasMore ? fires.last.map { query.seal($0, of: id, for: permit.scope) } : nil)
            },
        ]
    }
}
