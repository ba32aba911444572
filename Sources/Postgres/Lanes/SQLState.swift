// What PostgreSQL refused, as a fault: the one place where SQLSTATE becomes a code. The message is for callers and never shows a
// statement; the cause, which does, goes to the log alone.

import Base
import CPostgres

/// The five characters of a SQLSTATE.
struct SQLState: Equatable {
    let text: String

    /// The code that callers see.
    var code: Fault.Code {
        switch text {
        case "23505", "23P01": .conflict
        case "23503", "23514", "23502", "22023", "22P02", "22P05": .invalid
        case "40001", "40P01", "55P03": .conflict
        case "57014": .timedOut
        case "25P03", "25006": .unavailable
        default:
            switch text.prefix(2) {
            case "22": .invalid
            case "53", "57", "58", "08": .unavailable
            default: .internalError
            }
        }
    }

    /// Whether the same transaction may succeed when it is simply run again.
    var retryAfterSeconds: Int? {
        switch text {
        case "40001", "40P01", "55P03": 1
        default: code == .unavailable ? 1 : nil
        }
    }

    var message: String {
        switch code {
        case .conflict: retryAfterSeconds == nil ? "It is there already." : "Another change came between. Try again."
        case .invalid where text == "23503": "Something that is referred to does not exist."
        case .invalid: "A value was refused by the database."
        case .timedOut: "The database took too long."
        case .unavailable: "The database cannot be reached. Try again shortly."
        default: "The server could not do it."
        }
    }
}

extension Fault {
    /// The fault of a failed result. `statement` is its name, for the log.
    init(failed result: OpaquePointer?, statement: String) {
        let state = unsafe SQLState(text: Fault.field(Fault.stateField, of: result) ?? "")
        // Not the detail line: it quotes the values of the row.
        let cause = unsafe "\(statement): \(state.text) \(Fault.field(Fault.primaryField, of: result) ?? "no message")"
        self.init(state.code, state.message, retryAfterSeconds: state.retryAfterSeconds, cause: cause)
        constraint = unsafe Fault.field(Fault.constraintField, of: result)
    }

    /// The database can't be reached now.
    static func databaseUnavailable(_ cause: String) -> Fault {
        Fault(
            .unavailable, "The database cannot be reached. Try again shortly.", retryAfterSeconds: 1, cause: cause)
    }

    /// One of our own statements or rows is not what its declaration says.
    @usableFromInline static func misdeclared(_ cause: String) -> Fault {
        Fault(.internalError, "The server could not do it.", cause: cause)
    }

    static let severityField = Int32(UInt8(ascii: "V"))
    private static let stateField = Int32(UInt8(ascii: "C"))
    private static let primaryField = Int32(UInt8(ascii: "M"))
    private static let constraintField = Int32(UInt8(ascii: "n"))

    static func field(_ code: Int32, of result: OpaquePointer?) -> String? {
        guard let text = unsafe PQresultErrorField(result, code) else { return nil }
        return unsafe String(cString: text)
    }
}
