// The command line: one program, a command for each thing an operator does. Composition only; every rule lives in a capability.

import Base
import Foundation

@main
enum Insula {
    static func main() {
        // A write to a connection that is gone fails with an error number; the signal would end the process.
        signal(SIGPIPE, SIG_IGN)
        do throws(Fault) {
            try Command(Array(CommandLine.arguments.dropFirst())).run()
        } catch {
            Log.flush()
            Terminal.explain(error)
            exit(ExitCode.of(error))
        }
        Log.flush()
    }
}

/// What the process ends with (sysexits.h).
enum ExitCode {
    static func of(_ fault: Fault) -> Int32 {
        switch fault.code {
        case .invalid, .malformed, .notFound, .conflict: 64
        case .unavailable, .overloaded, .timedOut: 69
        // The database is not the one that this program and its root key belong to.
        case .invalidState: 78
        default: 70
        }
    }
}
