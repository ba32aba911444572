// How progress is told: the first word at once, then the latest word of each thing at most every `intervalMilliseconds`, and never one that
// is older than what was told. All other events pass at once, behind the progress of the same thing. A pure state: time comes from outside.
// Bounds: `refLimit` things; progress of one more passes as it comes.

import Base
import Tenancy

/// What holds progress back for a moment, for one tenant.
struct ProgressGate {
    static let intervalMilliseconds = 250
    static let refLimit = 10_000

    private struct Entry {
        var told: Instant
        var held: Event?
    }

    private var entries: [UUIDBits: Entry] = [:]

    /// Takes what happened, in order.
    /// - Returns: what is to be told now.
    mutating func admit(_ events: [Event], now: Instant) -> [Event] {
        var told: [Event] = []
        told.reserveCapacity(events.count)
        for event in events {
            if event.isProgress {
                if let entry = entries[event.ref], now < entry.told.advanced(milliseconds: ProgressGate.intervalMilliseconds) {
                    entries[event.ref]?.held = event
                    continue
                }
                if entries[event.ref] != nil || entries.count < ProgressGate.refLimit {
                    entries[event.ref] = Entry(told: now, held: nil)
                }
            } else if let entry = entries[event.ref] {
                if let held = entry.held { told.append(held) }
                entries[event.ref] = event.isTerminal ? nil : Entry(told: now, held: nil)
            }
            told.append(event)
        }
        return told
    }

    /// What has been held for long enough, in order.
    mutating func release(now: Instant) -> [Event] {
        var told: [Event] = []
        for (ref, entry) in entries where entry.told.advanced(milliseconds: ProgressGate.intervalMilliseconds) <= now {
            if let held = entry.held {
                told.append(held)
                entries[ref] = Entry(told: now, held: nil)
            } else {
                entries[ref] = nil
            }
        }
        return told.sorted { $0.seq < $1.seq }
    }

    /// When something is to be released; `nil` when nothing is held.
    var due: Instant? {
        entries.values.filter { $0.held != nil }.map(\.told).min()?.advanced(milliseconds: ProgressGate.intervalMilliseconds)
    }

    /// Of a part of history, what is worth telling: of progress the last word before something else happened.
    static func thin(_ events: [Event]) -> [Event] {
        var superseded: Set<UUIDBits> = []
        var kept: [Event] = []
        for event in events.reversed() {
            if event.isProgress, !superseded.insert(event.ref).inserted { continue }
            if !event.isProgress { superseded.remove(event.ref) }
            kept.append(event)
        }
        return kept.reversed()
    }
}
