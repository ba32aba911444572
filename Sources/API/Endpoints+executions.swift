// Executions: follow one, read its steps, its log and its output, cancel it; and the tools and strategies that agents are made of.

import Base
import Execution
import HTTP
import JSON
import Tenancy

/// Which executions a caller wants to see.
private struct ListExecutions: Sendable {
    let paging: Paging
    let filter: ExecutionFilter

    static let query = Query<ListExecutions>("ListExecutions") { parameters in
        ListExecutions(
            paging: .read(&parameters),
            filter: ExecutionFilter(
                of: parameters.definition(),
                states: parameters.optional(
                    "filter[state]", .enumeration(ExecutionState.self),
                    "Only executions in this state: failed are the dead letters, indeterminate those that somebody has to resolve."
                ).map { [$0] } ?? [],
                trigger: parameters.optional(
                    "filter[trigger]", .enumeration(ExecutionTrigger.self), "Only those that came to be by this."),
                errorClass: parameters.optional(
                    "filter[error_class]", .enumeration(ErrorClass.self), "Only those with this sort of error."),
                parent: parameters.optional("filter[parent_id]", .id(ExecutionID.self), "Only what this execution started.")))
    }

    /// The list by name, which a cursor is bound to.
    var name: String { "executions \(filter.name)" }
}

/// Which steps of an execution a caller wants to see.
private struct ListSteps: Sendable {
    let limit: Int
    let cursor: String?

    static let query = Query<ListSteps>("ListSteps") { parameters in
        ListSteps(
            limit: parameters.defaulted(
                "limit", .integer(Executions.stepLimits), 100, "How many at most; fewer come where they are large."),
            cursor: parameters.optional("cursor", .string(1...2_000), "The `next_cursor` of the page before."))
    }

    /// The step behind which the page begins.
    func place(of execution: ExecutionID, for scope: TenantScope) throws(Fault) -> ExecutionStep.Place? {
        guard let cursor else { return nil }
        let bytes: [UInt8] = try Cursor.open(cursor, query: "steps \(execution)", for: Cursor.Holder(scope))
        let parts = String(decoding: bytes, as: UTF8.self).split(separator: " ", maxSplits: 1)
        guard parts.count == 2, let microseconds = Int64(parts[0]) else {
            throw .invalid("cursor", "format", "This is no cursor of this list.")
        }
        return ExecutionStep.Place(startedAt: Timestamp(microseconds: microseconds), key: String(parts[1]))
    }

    static func seal(_ place: ExecutionStep.Place, of execution: ExecutionID, for scope: TenantScope) -> String {
        let text = "\(place.startedAt.microseconds) \(place.key)"
        return Cursor.seal(Array(text.utf8), query: "steps \(execution)", for: Cursor.Holder(scope))
    }
}

/// Which lines of a log a caller wants to see.
private struct ListLog: Sendable {
    let after: Int
    let level: LogLevel
    let limit: Int
    let cursor: String?

    static let query = Query<ListLog>("ListLog") { parameters in
        ListLog(
            after: parameters.defaulted("after", .integer(0...Int.max), 0, "Only lines behind this `seq`."),
            level: parameters.defaulted("level", .enumeration(LogLevel.self), .debug, "Only lines of this level and above."),
            limit: parameters.defaulted("limit", .integer(Executions.logLimits), 100, "How many at most."),
            cursor: parameters.optional("cursor", .string(1...200), "The `next_cursor` of the page before."))
    }

    private func name(_ execution: ExecutionID) -> String { "log \(execution) \(level.rawValue)" }

    /// The line behind which the page begins.
    func place(of execution: ExecutionID, for scope: TenantScope) throws(Fault) -> Int {
        guard let cursor else { return after }
        return max(after, Int(try Cursor.open(cursor, query: name(execution), for: Cursor.Holder(scope)).low))
    }

    /// What stands for the line of that number.
    func seal(_ seq: Int, of execution: ExecutionID, for scope: TenantScope) -> String {
        Cursor.seal(UUIDBits(high: 0, low: UInt64(seq)), query: name(execution), for: Cursor.Holder(scope))
    }
}

extension Endpoint {
    static func executions(_ services: Services) -> [Endpoint] {
        readingExecutions(services) + changingExecutions(services)
    }

    private static func readingExecutions(_ services: Services) -> [Endpoint] {
        let executions = services.core.executions
        return [
            .asking(
                "/v1/executions", "List the executions", ExecutionsRead.self, ListExecutions.query,
                answers: ExecutionSummary.output.page
            ) { call, permit, query throws(Fault) in
                let before: ExecutionID? = try query.paging.place(in: query.name, for: permit.scope)
                let part = try await executions.list(
                    where: query.filter, before: before, limit: query.paging.limit,
                    order: query.paging.order, permit)
                return part.page(of: query.name, in: query.paging.order, for: permit.scope)
            },
            .plain(.get, "/v1/executions/{execution_id}", "Read an execution", ExecutionsRead.self, answers: Execution.output) {
                call, permit throws(Fault) in
                try await executions.get(try call.id(0), permit)
            },
            .plain(
                .get, "/v1/executions/{execution_id}/output", "Read what an execution came to", ExecutionsRead.self,
                answers: ExecutionResult.output
            ) { call, permit throws(Fault) in
                try await executions.result(of: try call.id(0), permit)
            },
            .asking(
                "/v1/executions/{execution_id}/steps", "Read the journal of an execution", ExecutionsRead.self, ListSteps.query,
                answers: ExecutionStep.output.page
            ) { call, permit, query throws(Fault) in
                let id: ExecutionID = try call.id(0)
                let after = try query.place(of: id, for: permit.scope)
                let part = try await executions.steps(of: id, after: after, limit: query.limit, permit)
                return Page(part.elements, nextCursor: part.next.map { ListSteps.seal($0, of: id, for: permit.scope) })
            },
            .asking(
                "/v1/executions/{execution_id}/logs", "Read the log of an execution", ExecutionsRead.self, ListLog.query,
                answers: ExecutionLogLine.output.page
            ) { call, permit, query throws(Fault) in
                let id: ExecutionID = try call.id(0)
                let after = try query.place(of: id, for: permit.scope)
                let part = try await executions.logs(of: id, after: after, least: query.level, limit: query.limit, permit)
                return Page(part.elements, nextCursor: part.next.map { query.seal($0, of: id, for: permit.scope) })
            },
            .plain(.get, "/v1/tools", "List the tools that agents can use", ToolsRead.self, answers: ToolDescription.output.page)
            {
                call, permit throws(Fault) in
                Page(services.core.registry.toolDescriptions, nextCursor: nil)
            },
            .plain(
                .get, "/v1/strategies", "List the strategies that agents can follow", ToolsRead.self,
                answers: StrategyDescription.output.page
            ) { call, permit throws(Fault) in
                Page(services.core.registry.strategyDescriptions, nextCursor: nil)
            },
        ]
    }

    private static func changingExecutions(_ services: Services) -> [Endpoint] {
        let executions = services.core.executions
        return [
            .plain(
                .post, "/v1/executions/{execution_id}/cancel", "Cancel an execution with its children", ExecutionsWrite.self,
                answers: Execution.output
            ) {
                call, permit throws(Fault) in
                try await executions.cancel(try call.id(0), permit)
            },
            .plain(
                .post, "/v1/executions/{execution_id}/pause", "Let an execution stand still before its next step",
                ExecutionsWrite.self, answers: Execution.output
            ) {
                call, permit throws(Fault) in
                try await executions.pause(try call.id(0), permit)
            },
            .plain(
                .post, "/v1/executions/{execution_id}/resume", "Let a paused execution go on", ExecutionsWrite.self,
                answers: Execution.output
            ) {
                call, permit throws(Fault) in
                try await executions.resume(try call.id(0), permit)
            },
            .taking(
                .post, "/v1/executions/{execution_id}/signals", "Send a signal that a step waits for, or will",
                ExecutionsWrite.self, ExecutionSignal.input, status: 202, answers: KeptSignal.output
            ) { call, permit, input throws(Fault) in
                try await executions.signal(try call.id(0), input, permit)
            },
            .taking(
                .post, "/v1/executions/{execution_id}/resolve", "Say what became of a step whose outcome is unknown",
                ExecutionsWrite.self, ResolveExecution.input, answers: Execution.output
            ) { call, permit, input throws(Fault) in
                try await executions.resolve(try call.id(0), input, permit)
            },
            .plain(
                .post, "/v1/executions/{execution_id}/replay", "Run an execution again, as a new one", ExecutionsWrite.self,
                status: 202, answers: Execution.output
            ) {
                call, permit throws(Fault) in
                try await executions.replay(try call.id(0), permit)
            },
            .taking(
                .post, "/v1/executions/{execution_id}/fork", "Run an execution again from a step on, as a new one",
                ExecutionsWrite.self, ForkExecution.input, status: 202, answers: Execution.output
            ) { call, permit, input throws(Fault) in
                try await executions.replay(try call.id(0), from: input.step, permit)
            },
            .taking(
                .post, "/v1/executions/cancel", "Cancel many executions", ExecutionsWrite.self, ManyExecutions.input,
                answers: ManyChanged.output
            ) { _, permit, input throws(Fault) in
                try await executions.cancel(input, permit)
            },
            .taking(
                .post, "/v1/executions/replay", "Run many executions again that failed, timed out or were cancelled",
                ExecutionsWrite.self, ManyExecutions.input, status: 202, answers: ManyChanged.output
            ) { _, permit, input throws(Fault) in
                try await executions.replay(input, permit)
            },
        ]
    }
}
