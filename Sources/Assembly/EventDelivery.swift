// The way of events from the outbox to those who watch, as one part of a server: whoever changes something raises the signal, the sequencer
// numbers what was committed, the hub hands it out. Every node has all three, whatever else it does.

import API
import Base
import Loop
import Postgres
import Tenancy

/// What delivers events on one node.
struct EventDelivery: Sendable {
    /// Tells this node that it wrote events.
    let signal = EventSignal()
    let hub: EventHub
    private let sequencer: EventSequencer

    init(_ database: Database, _ group: LoopGroup) {
        hub = EventHub(log: EventLog(database: database), group: group)
        sequencer = EventSequencer(database: database, loop: group.loops[0], signal: signal)
    }

    func start() async {
        await sequencer.start()
        await hub.start()
    }

    func stop() async {
        await sequencer.stop()
        await hub.stop()
    }

    /// Appends the figures.
    func writeMetrics(to text: inout MetricsText) {
        sequencer.write(to: &text)
        hub.write(to: &text)
    }
}
