// A bare server on our HTTP library, for the public suites that probe servers from outside. Every path answers 200: `/echo` with the
// lines of the request's header, `/cookie` with its cookies, a POST with the body it sent. Loopback only; runs until SIGTERM or SIGINT.

import Base
import Glibc
import HTTP
import Loop

/// Serves `EchoResponder`.
enum EchoServer {
    /// Serves 127.0.0.1 at `port`; 0 lets the system choose. Prints the address once it listens.
    static func run(port: UInt16) async throws(Fault) {
        let group = LoopGroup(count: 1)
        let server = try await Server(on: .v4(0x7F00_0001, port: port), group: group, responder: EchoResponder())
        Lines.write(Array("listening on 127.0.0.1:\(server.address.port)\n".utf8), to: STDOUT_FILENO)
        // Ends at these signals even when whoever started this process had blocked them, as test harnesses do.
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGTERM)
        unsafe sigaddset(&signals, SIGINT)
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
        var received: Int32 = 0
        unsafe sigwait(&signals, &received)
    }
}

/// Answers as the head of this file says.
struct EchoResponder: Responder {
    func respond(to exchange: Exchange) async {
        let head = exchange.head
        let sent: [UInt8]
        do throws(Fault) {
            // Read whole on every method, so that a broken body is answered as such and not skipped over.
            sent = try await exchange.readBody()
        } catch {
            return refuse(error, on: exchange)
        }
        let body: [UInt8]
        switch head.pathText {
        case "/echo":
            body = Array(head.headers.fields.map { "\(head.headers.name($0)): \(head.headers.value($0))\n" }.joined().utf8)
        case "/cookie": body = Array(cookies(head).utf8)
        default: body = head.methodText == "POST" ? sent : Array("OK".utf8)
        }
        answer(exchange, status: 200, body)
    }

    func refuse(_ fault: Fault, on exchange: Exchange) {
        answer(exchange, status: fault.code.status, Array("\(fault.message)\n".utf8))
    }

    /// One `name=value` a line, from every `Cookie` field (RFC 6265, section 4.2.1).
    private func cookies(_ head: RequestHead) -> String {
        head.headers.fields.filter { head.headers.name($0).lowercased() == "cookie" }
            .flatMap { head.headers.value($0).split(separator: ";") }
            .map { $0.drop { $0 == " " || $0 == "\t" } + "\n" }.joined()
    }

    private func answer(_ exchange: Exchange, status: Int, _ body: [UInt8]) {
        exchange.respond(
            status: status, headers: { $0 += Array("content-type: text/plain\r\n".utf8) }, body: { $0 += body })
    }
}
