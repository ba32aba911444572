// The readers of one tenant on one loop. What is new goes to all who are at the present; who comes from behind reads the database until he
// has caught up, at his own pace. What many of them want alike is spelled once.
// Bounds: a reader's own, for what waits for him; `EventLog.pageRows` a read.

import Base
import Loop
import Tenancy

/// One tenant's readers. Used on its loop alone.
final class TenantReaders: @unchecked Sendable {
    /// Events of the past that a reader takes before it is asked whether he has room for more.
    private static let eventsAtOnce = 50

    private let tenant: TenantID
    private let log: EventLog
    private let loop: EventLoop
    /// The number of the last event that came to this loop.
    private var through: Int
    private var subscriptions: [ObjectIdentifier: EventSubscription] = [:]
    private var gate = ProgressGate()
    private var isReleasing = false

    init(_ tenant: TenantID, through: Int, log: EventLog, on loop: EventLoop) {
        self.tenant = tenant
        self.through = through
        self.log = log
        self.loop = loop
    }

    var isEmpty: Bool { subscriptions.isEmpty }

    /// Adds one, who begins to read.
    func add(_ subscription: EventSubscription) {
        subscriptions[ObjectIdentifier(subscription)] = subscription
        catchUp(subscription)
    }

    func remove(_ subscription: EventSubscription) {
        subscription.end()
        subscriptions[ObjectIdentifier(subscription)] = nil
    }

    // MARK: The present

    /// Takes what is new.
    func deliver(_ batch: EventBatch) {
        if batch.after > through { return fallBehind(to: batch.through) }
        let fresh = batch.events.filter { $0.seq > through }
        guard !fresh.isEmpty else { return }
        through = batch.through
        tell(gate.admit(fresh, now: .now))
        releaseLater()
    }

    /// Something was missed: everybody reads on from where he is.
    private func fallBehind(to seq: Int) {
        through = seq
        for subscription in subscriptions.values where subscription.isLive {
            subscription.fallBehind()
            catchUp(subscription)
        }
    }

    /// A choice with its spelling: readers who agree in both share the bytes.
    private struct Wish: Hashable {
        let filter: EventFilter
        let encoding: EventEncoding
    }

    private func tell(_ events: [Event]) {
        guard let first = events.map(\.seq).min() else { return }
        var spelled: [Wish: [UInt8]] = [:]
        for subscription in subscriptions.values where subscription.isLive && subscription.reader.isReading {
            let bytes: [UInt8]
            if subscription.place < first {
                let wish = Wish(filter: subscription.filter, encoding: subscription.encoding)
                bytes = spelled[wish] ?? wish.encoding.bytes(events.filter(wish.filter.matches))
                spelled[wish] = bytes
            } else {
                // He read further than this by himself, before he came to the present.
                let further = events.filter { $0.seq > subscription.place && subscription.filter.matches($0) }
                bytes = subscription.encoding.bytes(further)
            }
            if !bytes.isEmpty { subscription.reader.take(bytes) }
        }
    }

    /// Lets progress out when its time has come.
    private func releaseLater() {
        guard !isReleasing, let due = gate.due else { return }
        isReleasing = true
        loop.spawn { [self] in
            await loop.sleep(milliseconds: max(1, due.milliseconds(since: .now)))
            isReleasing = false
            tell(gate.release(now: .now))
            releaseLater()
        }
    }

    // MARK: The past

    private func catchUp(_ subscription: EventSubscription) {
        guard subscription.place < through else { return subscription.goLive() }
        loop.spawn { [self] in
            do throws(Fault) {
                try await readOn(subscription)
            } catch {
                if !subscription.isOver { subscription.reader.fail() }
            }
        }
    }

    /// Reads the database until what comes next will come to this loop by itself.
    private func readOn(_ subscription: EventSubscription) async throws(Fault) {
        while !subscription.isOver, subscription.reader.isReading {
            // Between this and what follows nothing else runs, so that no event falls in between.
            if subscription.place >= through { return subscription.goLive() }
            let events = ProgressGate.thin(try await log.following(subscription.place, of: tenant))
            guard let last = events.last else {
                // Numbers that are no longer kept are passed over.
                subscription.advance(to: through)
                continue
            }
            for start in stride(from: 0, to: events.count, by: TenantReaders.eventsAtOnce) {
                await subscription.reader.untilRoom()
                guard !subscription.isOver, subscription.reader.isReading else { return }
                let part = events[start..<min(start + TenantReaders.eventsAtOnce, events.count)]
                let bytes = subscription.encoding.bytes(part.filter(subscription.filter.matches))
                if !bytes.isEmpty { subscription.reader.take(bytes) }
            }
            subscription.advance(to: last.seq)
        }
    }
}
