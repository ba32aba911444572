// Bodies that are forms (WHATWG URL, section 5), where an RFC wants them so. A form is read into the object that the same fields make as
// JSON, so that one declaration checks both.

import Base
import HTTP
import JSON

extension Call {
    /// Reads and checks the body, a form or JSON.
    func readForm<Value>(_ input: Input<Value>) async throws(Fault) -> Value {
        let isForm = exchange.head.headers.withValue(of: .contentType) { MediaType.isForm($0) }
        guard isForm == true, exchange.hasBody else { return try await read(input) }
        let body = try await exchange.readBody()
        var object = JSONObject()
        for (name, value) in try Call.pairs(body) {
            guard object[name] == nil else { throw .invalid(name, "duplicate", "This field is there twice.") }
            object[name] = .string(value)
        }
        let value = try input.decode(JSONValue.object(object).bytes)
        mark(.validated)
        return value
    }

    /// A function of its own, so that the span lives as long as its argument.
    private static func pairs(_ body: [UInt8]) throws(Fault) -> [(name: String, value: String)] {
        try QueryParameters(body.span, 0..<body.count).pairs
    }
}
