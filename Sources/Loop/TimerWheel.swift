// Deadlines by the thousand, cheap to push back: a hashed wheel of 512 slots of 2^24 ns (16.8 ms), one revolution in 8.6 s.
// A deadline that moves later costs a store: its entry stays in the old slot and is moved on when that slot comes by.
// A timer never fires early; it fires up to one slot late.

import Base

/// One deadline on a loop's wheel. Used on the loop's own thread.
public class TimerEntry {
    fileprivate(set) var deadline = Instant(nanoseconds: .max)
    fileprivate var slot = -1
    fileprivate var place = -1

    public init() {}

    /// The deadline passed. Subclasses say what follows.
    func fire() {}
}

/// The wheel of one loop.
final class TimerWheel {
    private static let slotShift: UInt64 = 24
    private static let slotCount = 512

    private var slots: [[TimerEntry]] = Array(repeating: [], count: TimerWheel.slotCount)
    private var occupied = InlineArray<8, UInt64>(repeating: 0)
    private var position: UInt64
    private var due: [TimerEntry] = []

    init(now: Instant) {
        position = now.nanoseconds >> TimerWheel.slotShift
    }

    /// Sets or moves the deadline of `entry`.
    func set(_ entry: TimerEntry, to deadline: Instant) {
        let sooner = deadline < entry.deadline
        entry.deadline = deadline
        if entry.slot < 0 {
            insert(entry)
        } else if sooner {
            remove(entry)
            insert(entry)
        }
    }

    /// Takes `entry` off the wheel.
    func cancel(_ entry: TimerEntry) {
        entry.deadline = Instant(nanoseconds: .max)
        if entry.slot >= 0 { remove(entry) }
    }

    private func insert(_ entry: TimerEntry) {
        // Strictly after the position, so that the slot is still to come; at most a revolution ahead.
        let wanted = (entry.deadline.nanoseconds >> TimerWheel.slotShift) &+ 1
        let tick = min(max(wanted, position + 1), position + UInt64(TimerWheel.slotCount) - 1)
        let slot = Int(tick % UInt64(TimerWheel.slotCount))
        entry.slot = slot
        entry.place = slots[slot].count
        slots[slot].append(entry)
        occupied[slot >> 6] |= 1 << UInt64(slot & 63)
    }

    private func remove(_ entry: TimerEntry) {
        let slot = entry.slot
        let last = slots[slot].removeLast()
        if last !== entry {
            slots[slot][entry.place] = last
            last.place = entry.place
        }
        entry.slot = -1
        if slots[slot].isEmpty { occupied[slot >> 6] &= ~(1 << UInt64(slot & 63)) }
    }

    /// Fires all whose deadline passed by `now`, earliest slots first.
    func advance(to now: Instant) {
        let target = now.nanoseconds >> TimerWheel.slotShift
        guard target > position else { return }
        let steps = min(target - position, UInt64(TimerWheel.slotCount))
        for step in 1...steps {
            let slot = Int((target - steps + step) % UInt64(TimerWheel.slotCount))
            guard occupied[slot >> 6] & (1 << UInt64(slot & 63)) != 0 else { continue }
            due.append(contentsOf: slots[slot])
            slots[slot].removeAll(keepingCapacity: true)
            occupied[slot >> 6] &= ~(1 << UInt64(slot & 63))
        }
        position = target
        for entry in due { entry.slot = -1 }
        // Firing may set or cancel other entries, those of this batch included: a deadline that moved on is simply put back.
        for entry in due where entry.slot < 0 && entry.deadline.nanoseconds != .max {
            if now < entry.deadline {
                insert(entry)
            } else {
                entry.deadline = Instant(nanoseconds: .max)
                entry.fire()
            }
        }
        due.removeAll(keepingCapacity: true)
    }

    /// How long a wait may last before a slot comes due, in milliseconds rounded up; -1 when the wheel is empty.
    func millisecondsToNext(from now: Instant) -> Int32 {
        let start = Int((position + 1) % UInt64(TimerWheel.slotCount))
        for offset in 0..<9 {
            let word = (start >> 6 + offset) & 7
            var bits = occupied[word]
            if offset == 0 { bits &= ~0 << UInt64(start & 63) }
            if offset == 8 { bits &= ~(~0 << UInt64(start & 63)) }
            guard bits != 0 else { continue }
            let slot = word << 6 + bits.trailingZeroBitCount
            let ahead = (slot - start + TimerWheel.slotCount) % TimerWheel.slotCount
            let at = (position + 1 + UInt64(ahead)) << TimerWheel.slotShift
            return at <= now.nanoseconds ? 0 : Int32((at - now.nanoseconds + 999_999) / 1_000_000)
        }
        return -1
    }
}
