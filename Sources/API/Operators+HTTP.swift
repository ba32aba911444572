// Where an operator's key stands in a request: where a tenant's would. Its text shows what it is before anybody is asked.

import Base
import HTTP
import Tenancy

extension Operators {
    /// The permit of a request.
    /// - Throws: `.unauthenticated` when it carries no operator's key that is good.
    func permit(of call: Call) async throws(Fault) -> OperatorPermit {
        guard let text = call.operatorKeyText else { throw Fault(.unauthenticated, "An operator's key is required.") }
        return try await permit(key: text, for: call)
    }
}

extension Call {
    /// The text of the credential, when it claims to be an operator's key and is the only one.
    var operatorKeyText: [UInt8]? {
        let headers = exchange.head.headers
        guard !headers.contains(.cookie) || !headers.contains(.authorization) else { return nil }
        let text: String
        switch (headers.text(of: .authorization), headers.text(of: .apiKey)) {
        case (.some(let value), nil):
            guard value.lowercased().hasPrefix("bearer ") else { return nil }
            text = String(value.dropFirst(7).drop { $0 == " " })
        case (nil, .some(let value)): text = value
        default: return nil
        }
        let bytes = Array(text.utf8)
        return OperatorKeyText.isMeant(by: bytes) ? bytes : nil
    }
}
