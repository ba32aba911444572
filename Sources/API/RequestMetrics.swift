// Requests by endpoint and class of status, and how long they took. Labels are routes of the table, never paths of requests.

import Base
import HTTP

final class RequestMetrics: Sendable {
    private struct Row: Sendable {
        let labels: String
        let classes: [Counter]
        let duration: Histogram
    }

    private let rows: [Row]

    init(_ endpoints: [Endpoint]) {
        // The last row is for requests that reached no endpoint.
        let labels = endpoints.map { #"method="\#($0.method.name)",route="\#($0.path)""# } + [#"method="",route="""#]
        rows = labels.map { Row(labels: $0, classes: (0..<5).map { _ in Counter() }, duration: Histogram()) }
    }

    func record(endpoint: Int?, status: Int, microseconds: Int) {
        let row = rows[endpoint ?? rows.count - 1]
        row.classes[min(max(status / 100, 1), 5) - 1].add()
        row.duration.record(microseconds: microseconds)
    }

    func write(to text: inout MetricsText) {
        text.family("insula_requests_total", "counter", "Requests by route and class of status.")
        for row in rows {
            for (at, counter) in row.classes.enumerated() where counter.current > 0 {
                text.sample("insula_requests_total", "\(row.labels),status=\"\(at + 1)xx\"", counter.current)
            }
        }
        text.family("insula_request_seconds", "histogram", "Time from the whole head to the written answer.")
        for row in rows where row.classes.contains(where: { $0.current > 0 }) {
            text.histogram("insula_request_seconds", row.labels, row.duration)
        }
    }
}
