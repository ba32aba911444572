// What the database tells this node: credentials that changed, and executions that another node made ready.

import Base
import Execution
import Identity
import Loop
import Postgres

/// Listens for the other nodes.
struct News: Sendable {
    private let listener: NotificationListener
    private let loop: EventLoop

    init(
        _ target: ConnectionTarget, on loop: EventLoop, pool: BlockingPool, authenticator: Authenticator, signal: QueueSignal
    ) {
        self.loop = loop
        listener = NotificationListener(
            target, loop: loop, pool: pool, channels: [APIKeys.channel, QueueSignal.channel], role: "insula_worker"
        ) { event in
            switch event {
            case .gap: authenticator.setHearing(true)
            case .lost: authenticator.setHearing(false)
            case .notification(APIKeys.channel, _): authenticator.forgetAll()
            case .notification(_, let payload): signal.received(payload)
            }
        }
    }

    func start() {
        listener.start()
    }

    func stop() async {
        await loop.call { [listener] in await listener.stop() }
    }
}
