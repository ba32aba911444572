// Where the time of a request went, as tools show it.

import Base
import HTTP
import JSON

extension ClientTimings {
    static let output = Output<ClientTimings>(
        "Timings", "Milliseconds, by what they went into.",
        [
            .field("dns_ms", "Resolving names.") { $0.dnsMilliseconds },
            .field("connect_ms", "Connecting.") { $0.connectMilliseconds },
            .field("tls_ms", "Handshakes of TLS.") { $0.tlsMilliseconds },
            .field("first_byte_ms", "To the first byte of the last answer.") { $0.firstByteMilliseconds },
            .field("total_ms", "To the end of the body.") { $0.totalMilliseconds },
        ])
}

extension ClientResponse {
    /// The status as a failure, when it is one: what the server may answer otherwise later is transient.
    var failure: StepFailure? {
        guard status >= 400 else { return nil }
        var fault = Fault(.outboundFailed, "\(url.hostname) answered with status \(status).")
        let isTransient = status == 408 || status == 425 || status == 429 || status >= 500
        // A date is passed over: the own wait between attempts is enough.
        if isTransient {
            fault.retryAfterSeconds = headers.text(of: .retryAfter).flatMap { Int($0) }.map { min(max($0, 0), 86_400) }
        }
        return StepFailure(fault, isTransient ? .transient : .permanent)
    }
}
