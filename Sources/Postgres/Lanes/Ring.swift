// A queue in a circle of slots: first in, first out, without moving what waits.

struct Ring<Element> {
    private var slots: [Element?] = []
    private var head = 0
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    mutating func append(_ element: consuming Element) {
        if count == slots.count { grow() }
        slots[(head + count) & (slots.count - 1)] = element
        count += 1
    }

    mutating func removeFirst() -> Element? {
        guard count > 0 else { return nil }
        let element = slots[head].take()
        head = (head + 1) & (slots.count - 1)
        count -= 1
        return element
    }

    /// Changes the oldest in its place.
    mutating func withFirst<Value>(_ body: (inout Element) -> Value) -> Value? {
        count == 0 ? nil : body(&slots[head]!)
    }

    /// Changes the newest in its place.
    mutating func withLast<Value>(_ body: (inout Element) -> Value) -> Value? {
        count == 0 ? nil : body(&slots[(head + count - 1) & (slots.count - 1)]!)
    }

    private mutating func grow() {
        var larger: [Element?] = []
        larger.reserveCapacity(max(16, slots.count * 2))
        for at in 0..<count { larger.append(slots[(head + at) & (slots.count - 1)]) }
        while larger.count < max(16, slots.count * 2) { larger.append(nil) }
        slots = larger
        head = 0
    }
}
