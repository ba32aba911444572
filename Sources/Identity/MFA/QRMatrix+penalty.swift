// How hard a masked QR code is to read (ISO/IEC 18004, section 7.8.3): runs, squares, what looks like a finder, and imbalance.

extension QRMatrix {
    /// Less is better.
    var penalty: Int {
        var sum = imbalance + squares
        for line in 0..<size {
            sum += Self.penalty(ofLine: (0..<size).map { self[$0, line] })
            sum += Self.penalty(ofLine: (0..<size).map { self[line, $0] })
        }
        return sum
    }

    /// Runs of five and more, and dark 1:1:3:1:1 with four light modules on either side.
    private static func penalty(ofLine line: [Bool]) -> Int {
        var sum = 0
        var run = 1
        for at in 1...line.count {
            if at < line.count, line[at] == line[at - 1] {
                run += 1
            } else {
                if run >= 5 { sum += run - 2 }
                run = 1
            }
        }
        let finder = [true, false, true, true, true, false, true]
        for start in 0...line.count - 7 where line[start..<start + 7].elementsEqual(finder) {
            // Beyond the edge everything is light.
            let before = line[max(0, start - 4)..<start].allSatisfy { !$0 }
            let behind = line[start + 7..<min(line.count, start + 11)].allSatisfy { !$0 }
            if before || behind { sum += 40 }
        }
        return sum
    }

    /// Squares of two by two modules of one colour.
    private var squares: Int {
        var count = 0
        for y in 0..<size - 1 {
            for x in 0..<size - 1 where self[x, y] == self[x + 1, y] {
                if self[x, y] == self[x, y + 1] && self[x, y] == self[x + 1, y + 1] { count += 1 }
            }
        }
        return 3 * count
    }

    /// Ten for each whole five percent that the dark modules are away from half.
    private var imbalance: Int {
        var dark = 0
        for y in 0..<size {
            for x in 0..<size where self[x, y] { dark += 1 }
        }
        return abs(dark * 20 - size * size * 10) / (size * size) * 10
    }
}
