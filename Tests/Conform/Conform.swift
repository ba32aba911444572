// The conformance program: it lets any public suite drive our codecs and our HTTP library. Built by the tests, never shipped.
// `lines` answers JSON lines on its standard input; `echo PORT` serves HTTP on loopback until SIGTERM.

import Base
import Glibc

@main enum Conform {
    static func main() async {
        let arguments = CommandLine.arguments.dropFirst()
        switch (arguments.first, arguments.dropFirst().first.flatMap { UInt16($0) }) {
        case ("lines", nil) where arguments.count == 1:
            if !Lines.answerAll() { exit(1) }
        case ("echo", .some(let port)) where arguments.count == 2:
            do throws(Fault) {
                try await EchoServer.run(port: port)
            } catch {
                Lines.write(Array("conform: \(error.message)\n".utf8), to: STDERR_FILENO)
                exit(1)
            }
        default:
            Lines.write(Array("usage: Conform lines | Conform echo PORT\n".utf8), to: STDERR_FILENO)
            exit(64)
        }
    }
}
