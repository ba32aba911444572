// What the commands say. Results go to standard output, so that they can be piped; words about them go to standard error.

import Base
import Foundation

enum Terminal {
    /// A result.
    static func say(_ text: String) {
        FileHandle.standardOutput.write(Data((text + "\n").utf8))
    }

    /// A remark.
    static func remark(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }

    /// Why a command failed. Whoever runs a command is the operator, who may read the cause.
    static func explain(_ fault: Fault) {
        remark("insula: \(fault.message)")
        for field in fault.fields { remark("  \(field.path): \(field.message)") }
        if let cause = fault.cause { remark("  \(cause)") }
    }
}
