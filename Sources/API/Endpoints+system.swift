// The pages about the server itself: is it alive, can it serve, what does it count, what does it offer.

import Base
import Crypto
import HTTP
import Postgres
import RateLimiting

extension Endpoint {
    static func system(_ services: Services) -> [Endpoint] {
        [
            .open("/healthz", "Whether the process is alive", type: "application/json", isQuiet: true) { call throws(Fault) in
                call.answer("application/json", Pages.alive)
            }.limited(.none),
            .open("/readyz", "Whether requests can be served now", type: "application/json", isQuiet: true) {
                call throws(Fault) in
                guard services.database.isReady else {
                    throw Fault(.unavailable, "The database cannot be reached.", retryAfterSeconds: 1)
                }
                guard services.limiter.maySpend(at: .now) else {
                    throw Fault(.unavailable, "This node has no place among the others yet.", retryAfterSeconds: 1)
                }
                call.answer("application/json", Pages.ready)
            }.limited(.none),
            .open("/metrics", "What the server counts, for Prometheus", type: "text/plain", isQuiet: true) { call throws(Fault) in
                try services.checkMayScrape(call)
                call.answer("text/plain; version=0.0.4; charset=utf-8", Array(services.metricsText().utf8))
            }.limited(.none),
            .open("/v1/openapi.json", "This API as an OpenAPI 3.1 document", type: "application/json") { call throws(Fault) in
                call.answer("application/json", services.openAPI, headers: "cache-control: public, max-age=60\r\n")
            },
            .open("/docs", "This API as a page to read and try", type: "text/html") { call throws(Fault) in
                call.answer("text/html; charset=utf-8", DocsPage.bytes, headers: DocsPage.headers)
            },
        ]
    }

    private enum Pages {
        static let alive = Array(#"{"status":"ok"}"#.utf8)
        static let ready = Array(#"{"status":"ready"}"#.utf8)
    }
}

extension Services {
    /// With a token configured the scrape must carry it; without one it must come from this machine.
    fileprivate func checkMayScrape(_ call: Call) throws(Fault) {
        if let token = configuration.metricsToken {
            let given = call.exchange.head.headers.text(of: .authorization).map { Secret($0) } ?? Secret("")
            let wanted = unsafe token.withBytes { bytes in unsafe Secret(Array("Bearer ".utf8) + Array(bytes)) }
            guard constantTimeEqual(given, wanted) else {
                throw Fault(.unauthenticated, "The metrics need their token.")
            }
            return
        }
        let isLocal =
            switch call.address {
            case .v4(let bits): bits >> 24 == 127
            case .v6(let high, let low): high == 0 && low == 1
            case nil: true
            }
        guard isLocal else { throw Fault(.forbidden, "Without INSULA_METRICS_TOKEN the metrics answer this machine alone.") }
    }
}
