// Where a node's readers get events from: of each tenant that somebody here watches, what is new is read from the database once, in order,
// and handed to every loop that has readers. It does not matter which node did what, and a notification that is lost costs a second:
// that often the last numbers are compared.
// Guarded by a mutex; what belongs to a loop is touched on that loop alone. Bounds: a feed a tenant that is watched; one read of it at once.

import Base
import Loop
import Synchronization
import Tenancy

/// The events of this node's readers.
public final class EventHub: Sendable {
    static let pollMilliseconds = 1_000
    /// Between two reads of a tenant at least: what comes meanwhile, from whichever node, goes to its readers together.
    static let gatherMilliseconds = 20

    /// What the node knows of a tenant that is watched.
    private struct Feed {
        /// The number of the last event that was handed out.
        var tail: Int
        /// Subscriptions by loop.
        var watchers: [Int]
        /// Who reads for it, of all who ever did.
        var reader: Int?
        var isStale = false
    }

    private struct State {
        var feeds: [TenantID: Feed] = [:]
        var readers = 0
        var isStopped = false
        var sleeper: Sleeper?
        var task: Task<Void, Never>?
    }

    // Each is used on the loop of its index alone.
    private final class LoopReaders: @unchecked Sendable {
        var tenants: [TenantID: TenantReaders] = [:]
    }

    private let log: EventLog
    private let group: LoopGroup
    private let state = Mutex(State())
    private let readers: [LoopReaders]
    private let subscribed = Gauge()
    private let handedOut = Counter()

    public init(log: EventLog, group: LoopGroup) {
        self.log = log
        self.group = group
        readers = group.loops.map { _ in LoopReaders() }
    }

    private var home: EventLoop { group.loops[0] }

    // MARK: Start and stop

    /// Begins to look by itself.
    public func start() async {
        await home.call { [self] in
            let sleeper = Sleeper(loop: home)
            let task = home.spawn { [self] in await poll(sleeper) }
            state.withLock { state in
                state.sleeper = sleeper
                state.task = task
            }
        }
    }

    public func stop() async {
        await home.call { [self] in
            let (sleeper, task) = state.withLock { state in
                state.isStopped = true
                return (state.sleeper, state.task)
            }
            sleeper?.wake()
            await task?.value
        }
    }

    private func poll(_ sleeper: Sleeper) async {
        while !state.withLock({ $0.isStopped }) {
            await sleeper.wait(until: Instant.now.advanced(milliseconds: EventHub.pollMilliseconds))
            let watched = state.withLock { Array($0.feeds.keys) }
            guard !watched.isEmpty, let lasts = try? await log.lasts(of: watched) else { continue }
            for (tenant, last) in lasts { hear(of: tenant, last) }
        }
    }

    // MARK: News

    /// A notification came.
    public func received(_ payload: String) {
        for (tenant, last) in EventNews(payload: payload).lasts { hear(of: tenant, last) }
    }

    private func hear(of tenant: TenantID, _ last: Int) {
        let reader = state.withLock { state -> Int? in
            guard let feed = state.feeds[tenant], last > feed.tail else { return nil }
            guard feed.reader == nil else {
                state.feeds[tenant]?.isStale = true
                return nil
            }
            state.readers += 1
            state.feeds[tenant]?.reader = state.readers
            return state.readers
        }
        if let reader { home.spawn { [self] in await read(tenant, as: reader) } }
    }

    /// Reads what is new of a tenant and hands it out, until there is nothing new or the feed has another reader.
    private func read(_ tenant: TenantID, as reader: Int) async {
        while let tail = state.withLock({ $0.feeds[tenant].flatMap { $0.reader == reader ? $0.tail : nil } }) {
            let began = Instant.now
            let events = (try? await log.following(tail, of: tenant)) ?? []
            handOut(EventBatch(tenant: tenant, after: tail, events: events), as: reader)
            if events.count == EventLog.pageRows { continue }
            await home.sleep(milliseconds: max(0, EventHub.gatherMilliseconds - Instant.now.milliseconds(since: began)))
            state.withLock { state in
                guard let feed = state.feeds[tenant], feed.reader == reader else { return }
                if !feed.isStale { state.feeds[tenant]?.reader = nil }
                state.feeds[tenant]?.isStale = false
            }
        }
    }

    private func handOut(_ batch: EventBatch, as reader: Int) {
        let loops = state.withLock { state -> [Int] in
            guard var feed = state.feeds[batch.tenant], feed.reader == reader else { return [] }
            feed.tail = batch.through
            state.feeds[batch.tenant] = feed
            return batch.events.isEmpty ? [] : feed.watchers.indices.filter { feed.watchers[$0] > 0 }
        }
        for index in loops { group.loops[index].spawn { [self] in readers[index].tenants[batch.tenant]?.deliver(batch) } }
        handedOut.add(loops.isEmpty ? 0 : batch.events.count)
    }

    // MARK: Readers

    /// Makes a subscription, which does not read yet.
    /// - Parameter place: the number behind which it reads; `nil` for what happens from now on.
    /// - Returns: the subscription, and whether everything behind its place is still kept.
    /// - Throws: `.invalid` naming `last_seq` when nothing has that number yet; `.unavailable`.
    func prepare(
        _ reader: any EventReader, of tenant: TenantID, _ filter: EventFilter, _ encoding: EventEncoding, behind place: Int?
    ) async throws(Fault) -> (subscription: EventSubscription, isWhole: Bool) {
        let bounds = try await log.bounds(of: tenant)
        if let place, place > bounds.last {
            throw .invalid("last_seq", "range", "The last event has the number \(bounds.last).")
        }
        let subscription = EventSubscription(
            filter, encoding, from: place ?? bounds.last, at: bounds.last, for: reader)
        return (subscription, place.map { EventHub.isWhole(behind: $0, bounds) } ?? true)
    }

    /// Whether everything behind a number is still kept; of what there was nothing may be left.
    private static func isWhole(behind place: Int, _ bounds: EventLog.Bounds) -> Bool {
        place == bounds.last || bounds.first > 0 && place + 1 >= bounds.first
    }

    /// Lets a subscription read. On the loop of its reader.
    func subscribe(_ subscription: EventSubscription, to tenant: TenantID) {
        guard let loop = EventLoop.current else { preconditionFailure("readers live on a loop") }
        subscription.begin()
        let through = state.withLock { state in
            var feed = state.feeds[tenant] ?? Feed(tail: subscription.present, watchers: group.loops.map { _ in 0 })
            feed.watchers[loop.index] += 1
            state.feeds[tenant] = feed
            return feed.tail
        }
        subscribed.add(1)
        let here = readers[loop.index]
        let tenantReaders = here.tenants[tenant] ?? TenantReaders(tenant, through: through, log: log, on: loop)
        here.tenants[tenant] = tenantReaders
        tenantReaders.add(subscription)
        // What happened while it was made, and told nobody who listened.
        hear(of: tenant, .max)
    }

    /// Ends a subscription. On the loop that it began on.
    func unsubscribe(_ subscription: EventSubscription, from tenant: TenantID) {
        guard let loop = EventLoop.current, subscription.hasBegun, !subscription.isOver else { return }
        let here = readers[loop.index]
        here.tenants[tenant]?.remove(subscription)
        if here.tenants[tenant]?.isEmpty == true { here.tenants[tenant] = nil }
        subscribed.add(-1)
        state.withLock { state in
            guard var feed = state.feeds[tenant] else { return }
            feed.watchers[loop.index] -= 1
            state.feeds[tenant] = feed.watchers.contains { $0 > 0 } ? feed : nil
        }
    }

    /// Appends the figures.
    public func write(to text: inout MetricsText) {
        text.family("insula_event_subscriptions", "gauge", "Subscriptions to events that are open.")
        text.sample("insula_event_subscriptions", "", subscribed.current)
        text.family("insula_events_handed_out_total", "counter", "Events that were read for the subscribers of this node.")
        text.sample("insula_events_handed_out_total", "", handedOut.current)
    }
}
