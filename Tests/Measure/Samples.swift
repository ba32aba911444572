// One value of each shape, the same in every run.

import Base

enum Samples {
    private static func bits(_ number: UInt64) -> UUIDBits {
        UUIDBits(high: 0x0192_F7A1_3C4D_7000 | number, low: 0x8A5B_0C1D_2E3F_4051 &* (number | 1))
    }

    private static func moment(_ second: Int64) -> Timestamp {
        Timestamp(microseconds: 1_732_150_000_123_000 + second * 1_000_000)
    }

    static let agent = Agent(
        id: AgentID(bits(1)), name: "Reader of release notes",
        description: "Reads a page and says what has changed since the last one.",
        state: .running, strategy: "reactive",
        tools: [
            ToolUse(name: "web_scraper", timeoutMilliseconds: 30_000, isRequired: true),
            ToolUse(name: "ping", timeoutMilliseconds: 1_000, isRequired: false),
        ],
        capabilities: ["reading", "summaries", "html"], maximumTasks: 4, version: 12, created: moment(0), updated: moment(86_400))

    static let execution = Execution(
        id: ExecutionID(bits(2)), agent: AgentID(bits(1)), state: .succeeded, attempt: 1, progress: 0.75, queued: moment(0),
        started: moment(1), finished: moment(3), error: nil)

    static func work(_ number: Int) -> Work {
        Work(
            id: "task_01jd6p2f1d\(number + 100)", type: "data_processing", name: "Nightly import of orders \(number)",
            target: "https://example.com/exports/orders/\(number)?format=csv", priority: number % 10, state: .queued,
            tags: ["import", "orders", "nightly"], created: moment(Int64(number)), deadline: moment(Int64(number) + 3600))
    }

    static let list = WorkList(data: (0..<50).map(work), hasMore: true, nextCursor: "eyJhZnRlciI6InRhc2tfMDFqZDZwMmYxZCJ9")

    static let problem = Problem(
        type: "https://insula.dev/problems/validation_failed", title: "Validation failed", status: 422,
        detail: "2 fields are not valid.",
        code: "validation_failed", requestID: RequestID(bits(3)),
        errors: [
            FieldProblem(field: "blueprint.tools[2].name", code: "required", message: "This field is required."),
            FieldProblem(field: "limit", code: "range", message: "This must be from 1 to 100."),
        ])

    static let key = Key(
        id: KeyID(bits(4)), name: "Deployment", hint: "ik_live_7Qd2", scopes: ["agents:read", "agents:write", "executions:read"],
        created: moment(0), expires: moment(31_536_000), isRevoked: false)

    static let step = Step(
        key: "node[3]/map/7", kind: "tool.web_scraper", state: .succeeded, attempt: 1, durationMilliseconds: 1_284, cost: 0.0025,
        started: moment(1), finished: moment(2))

    static let log = LogLine(
        at: moment(5), level: "info", message: "Fetched \"Release notes\" (12,345 bytes) in 84 ms",
        execution: ExecutionID(bits(2)))

    static let login = Login(email: "anna.müller@example.com", password: "correct horse battery staple", isRemembered: true)

    static let event = Event(
        sequence: 918_273, type: "execution.state_changed", reference: ExecutionID(bits(2)), at: moment(9), from: .queued,
        to: .running,
        note: "claimed by node_01jd6p2f1d")
}
