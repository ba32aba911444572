// One line a request, written as bytes without a detour over strings. The path is there, the query is not: it may hold what should not
// be kept. Health checks that went well are noise and stay below the usual level.

import Base
import HTTP
import Tenancy

enum RequestLog {
    /// What the server got wrong is an error; that it is busy or not ready is a warning, and for a probe the very thing it asks.
    private static func level(_ status: Int, _ code: Fault.Code?, isQuiet: Bool) -> Log.Level {
        switch code {
        case .unavailable, .overloaded: isQuiet ? .debug : .warning
        default: status >= 500 ? .error : isQuiet && status < 400 ? .debug : .info
        }
    }

    static func write(_ call: Call, microseconds: Int, path endpoint: Endpoint?) {
        let status = call.exchange.status
        let level = level(status, call.fault?.code, isQuiet: endpoint?.isQuiet == true)
        guard Log.isEnabled(level) else { return }
        Log.line(level, "request") { line in
            line.appendStatic(#","request_id":""#)
            call.writeRequestID(into: &line)
            if let trace = call.traceID {
                line.appendStatic(#"","trace_id":""#)
                line.append(contentsOf: trace.utf8)
            }
            line.appendStatic(#"","method":""#)
            line.appendStatic(call.exchange.head.method.name)
            line.appendStatic(#"","route":""#)
            if let endpoint { line.append(contentsOf: endpoint.path.utf8) }
            line.appendStatic(#"","status":"#)
            line.appendDecimal(status)
            line.appendStatic(#","microseconds":"#)
            line.appendDecimal(max(0, microseconds))
            line.appendStatic(#","bytes":"#)
            line.appendDecimal(call.exchange.bodyBytesSent)
            if let scope = call.scope {
                line.appendStatic(#","tenant":""#)
                line.appendStatic("tenant_")
                line.appendBase32(scope.tenant.uuid)
                line.append(UInt8(ascii: "\""))
            }
            if let fault = call.fault {
                line.appendStatic(#","code":""#)
                line.append(contentsOf: fault.code.rawValue.utf8)
                line.append(UInt8(ascii: "\""))
                if let cause = fault.cause {
                    line.appendStatic(#","cause":"#)
                    Log.appendText(cause, to: &line)
                }
            }
        }
    }
}

extension Call {
    /// The trace that the request belongs to, of `traceparent`: 32 hexadecimal digits in lower case, not all zero (W3C Trace Context,
    /// section 3.2). Of a version that is not known yet the first four parts are read.
    fileprivate var traceID: Substring? {
        guard let text = exchange.head.headers.text(of: .traceparent) else { return nil }
        let parts = text.split(separator: "-", maxSplits: 4, omittingEmptySubsequences: false)
        guard parts.count >= 4, parts[0] != "ff", parts[0] != "00" || parts.count == 4 else { return nil }
        let isSound = zip(parts, [2, 32, 16, 2]).allSatisfy { part, length in
            part.utf8.count == length && part.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
        }
        let isNothing = [parts[1], parts[2]].contains { part in part.allSatisfy { $0 == "0" } }
        return isSound && !isNothing ? parts[1] : nil
    }
}
