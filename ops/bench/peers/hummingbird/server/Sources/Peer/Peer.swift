// W1 as Hummingbird serves it best: a prepared body, no middleware, no request log, and Swift tasks
// run on NIO's event loops rather than hopping to the default pool (PEER_HOOK=0 turns that off).
// Listens on 127.0.0.1:PEER_PORT.

import Foundation
import Hummingbird
import Logging
import NIOCore
import NIOPosix

@main
struct Peer {
    static func main() async throws {
        let environment = ProcessInfo.processInfo.environment
        let port = environment["PEER_PORT"].flatMap(Int.init) ?? 8105
        if environment["PEER_HOOK"] != "0" {
            _ = NIOSingletons.unsafeTryInstallSingletonPosixEventLoopGroupAsConcurrencyGlobalExecutor()
        }

        let body = ByteBuffer(string: environment["PEER_HEALTH_BODY"] ?? #"{"status":"ok"}"#)
        let router = Router()
        router.get("healthz") { _, _ in
            Response(
                status: .ok,
                headers: [.contentType: "application/json"],
                body: ResponseBody(byteBuffer: body)
            )
        }

        var logger = Logger(label: "peer")
        logger.logLevel = .error
        let application = Application(
            router: router,
            configuration: .init(address: .hostname("127.0.0.1", port: port), backlog: 4096),
            logger: logger
        )
        try await application.runService()
    }
}
