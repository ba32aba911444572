// Why a message was refused by a codec of this layer. A refusal always ends the connection: once framing is in doubt, nothing that
// follows on the same bytes can be trusted.

import Base

/// A message that breaks the rules of HTTP/1.1 or passes a bound. The connection is to be closed after answering.
public struct Refusal: Error, Sendable, Equatable, CustomStringConvertible {
    /// Decides the status of the answer.
    public let code: Fault.Code
    /// One sentence for the sender; never quotes what was sent.
    public let reason: StaticString

    @inline(never)
    public init(_ code: Fault.Code, _ reason: StaticString) {
        self.code = code
        self.reason = reason
    }

    /// The status of the answer.
    public var status: Int { code.status }

    /// The same as an error that crosses layers.
    public var fault: Fault { Fault(code, reason.description) }

    public var description: String { reason.description }

    public static func == (left: Refusal, right: Refusal) -> Bool {
        left.code == right.code && left.reason.description == right.reason.description
    }

    /// A refusal with status 400.
    @inline(never)
    static func malformed(_ reason: StaticString) -> Refusal {
        Refusal(.malformed, reason)
    }
}
