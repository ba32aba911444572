// Who reads events: a WebSocket or a stream of server-sent events.

import Tenancy

/// A reader of events. All calls come on its loop.
protocol EventReader: AnyObject, Sendable {
    /// Whether it still reads.
    var isReading: Bool { get }

    /// Takes bytes, which it may share with others. A reader who is too slow ends by itself.
    func take(_ bytes: [UInt8])

    /// Suspends until it has room for more of what lies behind, or reads no more.
    func untilRoom() async

    /// The events of before can't be read.
    func fail()
}

/// What one reader wants: a choice, and how far he has come. Used on its loop alone.
final class EventSubscription: @unchecked Sendable {
    let filter: EventFilter
    let encoding: EventEncoding
    let reader: any EventReader
    /// The number behind which he reads on.
    private(set) var place: Int
    /// The number of the last event when it was made.
    let present: Int
    /// Whether he has come to the present.
    private(set) var isLive = false
    /// Whether it was let in, and whether it has ended.
    private(set) var hasBegun = false
    private(set) var isOver = false

    init(_ filter: EventFilter, _ encoding: EventEncoding, from place: Int, at present: Int, for reader: any EventReader) {
        self.present = present
        self.filter = filter
        self.encoding = encoding
        self.place = place
        self.reader = reader
    }

    func begin() { hasBegun = true }
    func goLive() { isLive = true }
    func fallBehind() { isLive = false }
    func end() { isOver = true }
    func advance(to seq: Int) { place = max(place, seq) }
}
