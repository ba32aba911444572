// What the parts below the API count, in Prometheus' text format.

import Base
import HTTP
import Postgres

extension Database {
    /// Whether it can be used, and a line each of what its lanes did.
    func writeMetrics(to text: inout MetricsText) {
        text.family("insula_database_ready", "gauge", "Whether every loop has its connection.")
        text.sample("insula_database_ready", "", isReady ? 1 : 0)
        let lanes = statistics
        func family(_ name: String, _ kind: String, _ help: String, _ figure: (LaneStatistics) -> Int) {
            text.family(name, kind, help)
            for lane in lanes { text.sample(name, "lane=\"\(lane.name)\"", figure(lane)) }
        }
        family("insula_database_in_flight", "gauge", "Statements on their way, by lane.") { $0.inFlight }
        family("insula_database_queries_total", "counter", "Statements that were sent, by lane.") { $0.queries }
        family("insula_database_errors_total", "counter", "Statements that failed, by lane.") { $0.errors }
        family("insula_database_reconnects_total", "counter", "Connections that were made anew, by lane.") { $0.reconnects }
    }
}

extension Server {
    /// Connections, and what was shed.
    func writeMetrics(to text: inout MetricsText) {
        text.family("insula_connections", "gauge", "Open connections.")
        text.sample("insula_connections", "", connectionCount)
        text.family("insula_shed_total", "counter", "Requests and connections that were turned away because there were too many.")
        text.sample("insula_shed_total", "", shedCount)
    }
}
