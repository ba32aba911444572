// What the database tells this node: credentials and signing keys that changed, executions that another node made ready, mail that is to
// be sent, and nodes that came or went.

import API
import Base
import Execution
import Identity
import Loop
import Mail
import Postgres
import RateLimiting
import Tenancy

/// Listens for the other nodes.
struct News: Sendable {
    private let listener: NotificationListener
    private let loop: EventLoop

    init(
        _ target: ConnectionTarget, on loop: EventLoop, pool: BlockingPool, authenticator: Authenticator,
        signingKeys: SigningKeys,
        signal: QueueSignal, mail: MailDelivery, sharing: BudgetSharing, worker: Worker, events: EventHub
    ) {
        self.loop = loop
        listener = NotificationListener(
            target, loop: loop, pool: pool,
            channels: [
                Revocation.channel, SigningKeys.channel, QueueSignal.channel, MailOutbox.channel, BudgetSharing.channel,
                Tenants.haltChannel, EventSequencer.channel,
            ],
            role: "insula_worker"
        ) { moment in
            authenticator.hears(asOf: moment)
        } deliver: { event in
            switch event {
            case .gap:
                authenticator.missedNews()
                sharing.hear()
            case .lost: authenticator.isDeaf()
            case .notification(Revocation.channel, let payload): authenticator.received(payload)
            case .notification(SigningKeys.channel, _): signingKeys.changed()
            case .notification(MailOutbox.channel, _): mail.wake()
            case .notification(BudgetSharing.channel, _): sharing.hear()
            case .notification(Tenants.haltChannel, let payload): TenantID(payload).map { worker.halt($0) }
            case .notification(EventSequencer.channel, let payload): events.received(payload)
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
