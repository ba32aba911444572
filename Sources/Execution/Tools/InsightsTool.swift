// `insights`: a report on the tenant's own executions over a time: how many came to what, why they failed, how long they took, what they
// cost. It is counted in the store, in the tenant's scope, and of nobody else's rows.
// Bounds: `hours`; those of `InsightStatement`.

import Base
import JSON
import Postgres
import Tenancy

/// Reports on executions.
struct InsightsTool: Tool {
    static let hours = 1...2_160

    struct Arguments: Sendable {
        let hours: Int
    }

    private let database: Database

    init(database: Database) {
        self.database = database
    }

    let name = "insights"
    let version = "1.0.0"
    let summary = "Reports on the executions of a time: what they came to, why they failed, how long they took, what they cost."
    let category = "insight"
    let rights = Rights([.executionsRead])
    let effect = Effect.pure

    var configuration: Input<Arguments> { arguments }

    let arguments = Input<Arguments>("InsightsArguments", "Over which time.") { fields in
        Arguments(hours: fields.defaulted("window_hours", .integer(hours), 168, "So many hours back from now."))
    }

    var output: SchemaNode { InsightsReport.output.schema }

    let examples = [
        ToolExample("The last week"), ToolExample("The last day", configuration: ["window_hours": 24]),
    ]

    func call(_ arguments: Arguments, in context: ToolContext) async throws(StepFailure) -> JSONValue {
        let now = context.clock.now
        let from = Timestamp(microseconds: now.microseconds - Int64(arguments.hours) * 3_600_000_000)
        let report: InsightsReport
        do throws(Fault) {
            let counted = try await database.slow(.tenant(context.tenant)).first(
                InsightStatement.report, InsightStatement.bound(from), context.execution)
            guard let counted else { throw Fault(.internalError, "The server could not do it.", cause: "a report has no row") }
            report = InsightsReport(from: from, to: now, value: try JSONValue(parsing: counted.bytes))
        } catch {
            throw StepFailure(error)
        }
        return try InsightsReport.output.value(report)
    }
}
