// Reads QR codes back by the standard (ISO/IEC 18004), apart from the code that draws them: where the patterns lie, the format and
// version words (its annexes C and D), the zigzag and the blocks are written down a second time. A perfect image is assumed: any module
// of a pattern, any word, and any syndrome that is not what the standard says is an error.

import Identity

/// What went wrong while reading.
enum QRError: Error, Equatable {
    case size, finder, timing, alignment, format, version, syndrome(block: Int), mode, length, padding
}

/// The modules of a code, row by row, to be changed by tests.
struct QRSquare {
    let size: Int
    var rows: [[Bool]]

    init(_ code: QRCode) {
        size = code.size
        rows = (0..<code.size).map { y in (0..<code.size).map { code.isDark($0, y) } }
    }

    func isDark(_ x: Int, _ y: Int) -> Bool { rows[y][x] }
}

/// One QR code that was read.
struct QRReader {
    let version: Int
    let mask: Int
    let message: [UInt8]

    /// Annex C, level M, masks 0 to 7.
    static let formats = [
        "101010000010010", "101000100100101", "101111001111100", "101101101001011", "100010111111001", "100000011001110",
        "100111110010111", "100101010100000",
    ]
    /// Annex D, versions 7 to 20.
    static let versions = [
        0x07C94, 0x085BC, 0x09A99, 0x0A4D3, 0x0BBF6, 0x0C762, 0x0D847, 0x0E60D, 0x0F928, 0x10B78, 0x1145D, 0x12A17, 0x13532,
        0x149A6,
    ]
    /// Table 9, level M: codewords in all, of correction in a block, and blocks.
    static let blocks = [
        (26, 10, 1), (44, 16, 1), (70, 26, 1), (100, 18, 2), (134, 24, 2), (172, 16, 4), (196, 18, 4), (242, 22, 4), (292, 22, 5),
        (346, 26, 5), (404, 30, 5), (466, 22, 8), (532, 22, 9), (581, 24, 9), (655, 24, 10), (733, 28, 10), (815, 28, 11),
        (901, 26, 13), (991, 26, 14), (1085, 26, 16),
    ]
    /// Table E.1.
    static let alignments = [
        [], [18], [22], [26], [30], [34], [22, 38], [24, 42], [26, 46], [28, 50], [30, 54], [32, 58], [34, 62], [26, 46, 66],
        [26, 48, 70], [26, 50, 74], [30, 54, 78], [30, 56, 82], [30, 58, 86], [34, 62, 90],
    ]

    init(_ code: QRCode) throws(QRError) {
        try self.init(QRSquare(code))
    }

    init(_ code: QRSquare) throws(QRError) {
        guard code.size >= 21, code.size % 4 == 1 else { throw .size }
        version = (code.size - 17) / 4
        guard (1...20).contains(version) else { throw .size }
        mask = try Self.format(code)
        if version >= 7 { try Self.checkVersion(code, version) }
        try Self.checkFinders(code)
        try Self.checkAlignments(code, version)
        let codewords = Self.codewords(code, version, mask)
        message = try Self.message(in: Self.data(codewords, version), version)
    }

    // MARK: Patterns

    private static func format(_ code: QRSquare) throws(QRError) -> Int {
        let size = code.size
        // Most significant bit first: around the upper left finder, and split between the two others.
        let first = (0...5).map { ($0, 8) } + [(7, 8), (8, 8), (8, 7)] + (0...5).reversed().map { (8, $0) }
        let second = (0..<7).map { (8, size - 1 - $0) } + (0..<8).map { (size - 8 + $0, 8) }
        let words = [first, second].map { places in String(places.map { code.isDark($0.0, $0.1) ? "1" : "0" }) }
        guard words[0] == words[1], let mask = formats.firstIndex(of: words[0]), code.isDark(8, size - 8) else { throw .format }
        return mask
    }

    private static func checkVersion(_ code: QRSquare, _ version: Int) throws(QRError) {
        let word = versions[version - 7]
        for bit in 0..<18 {
            let isDark = word >> bit & 1 == 1
            guard code.isDark(bit / 3, code.size - 11 + bit % 3) == isDark,
                code.isDark(code.size - 11 + bit % 3, bit / 3) == isDark
            else { throw .version }
        }
    }

    private static func checkFinders(_ code: QRSquare) throws(QRError) {
        let rows = ["#######", "#     #", "# ### #", "# ### #", "# ### #", "#     #", "#######"].map(Array.init)
        for (left, top) in [(0, 0), (code.size - 7, 0), (0, code.size - 7)] {
            for y in 0..<7 {
                for x in 0..<7 where code.isDark(left + x, top + y) != (rows[y][x] == "#") { throw .finder }
            }
        }
        for at in 0..<8 {
            let light = [
                (7, at), (at, 7), (code.size - 8, at), (code.size - 1 - at, 7), (7, code.size - 1 - at), (at, code.size - 8),
            ]
            if light.contains(where: { code.isDark($0.0, $0.1) }) { throw .finder }
        }
        for at in 8..<code.size - 8 where code.isDark(at, 6) != (at % 2 == 0) || code.isDark(6, at) != (at % 2 == 0) {
            throw .timing
        }
    }

    private static func alignmentCentres(_ version: Int, _ size: Int) -> [(Int, Int)] {
        let lines = version == 1 ? [] : [6] + alignments[version - 1]
        return lines.flatMap { y in lines.map { ($0, y) } }
            .filter { x, y in !(x < 9 && y < 9) && !(x > size - 9 && y < 9) && !(x < 9 && y > size - 9) }
    }

    private static func checkAlignments(_ code: QRSquare, _ version: Int) throws(QRError) {
        let rows = ["#####", "#   #", "# # #", "#   #", "#####"].map(Array.init)
        for (centreX, centreY) in alignmentCentres(version, code.size) {
            for y in 0..<5 {
                for x in 0..<5 where code.isDark(centreX - 2 + x, centreY - 2 + y) != (rows[y][x] == "#") { throw .alignment }
            }
        }
    }

    // MARK: Codewords

    static func flips(_ mask: Int, row i: Int, column j: Int) -> Bool {
        // Table 10, with the names of the standard.
        [
            (i + j) % 2, i % 2, j % 3, (i + j) % 3, (i / 2 + j / 3) % 2, (i * j) % 2 + (i * j) % 3,
            ((i * j) % 2 + (i * j) % 3) % 2,
            ((i + j) % 2 + (i * j) % 3) % 2,
        ][mask] == 0
    }

    static func isData(_ x: Int, _ y: Int, version: Int, size: Int) -> Bool {
        if x == 6 || y == 6 { return false }
        if x < 9 && y < 9 || x >= size - 8 && y < 9 || x < 9 && y >= size - 8 { return false }
        if version >= 7, x >= size - 11 && y < 6 || x < 6 && y >= size - 11 { return false }
        return !alignmentCentres(version, size).contains { abs($0.0 - x) <= 2 && abs($0.1 - y) <= 2 }
    }

    private static func codewords(_ code: QRSquare, _ version: Int, _ mask: Int) -> [UInt8] {
        var bits: [Bool] = []
        var x = code.size - 1
        var isUp = true
        while x > 0 {
            if x == 6 { x -= 1 }
            for y in isUp ? Array((0..<code.size).reversed()) : Array(0..<code.size) {
                for column in [x, x - 1] where isData(column, y, version: version, size: code.size) {
                    bits.append(code.isDark(column, y) != flips(mask, row: y, column: column))
                }
            }
            isUp.toggle()
            x -= 2
        }
        return (0..<blocks[version - 1].0).map { at in bits[at * 8..<at * 8 + 8].reduce(0) { $0 << 1 | ($1 ? 1 : 0) } }
    }

    /// The data codewords, after every block was found free of errors.
    private static func data(_ codewords: [UInt8], _ version: Int) throws(QRError) -> [UInt8] {
        let (total, correction, count) = blocks[version - 1]
        var data = [[UInt8]](repeating: [], count: count)
        var next = codewords.makeIterator()
        let short = total / count - correction
        for column in 0...short {
            // Only the longer blocks, which are the last ones, have a codeword in the last column.
            let first = column < short ? 0 : count - total % count
            for block in first..<count { data[block].append(next.next()!) }
        }
        var whole = data
        for _ in 0..<correction {
            for block in 0..<count { whole[block].append(next.next()!) }
        }
        for block in 0..<count where !syndromesAreZero(whole[block], correction) { throw .syndrome(block: block) }
        return data.flatMap { $0 }
    }

    /// Whether the block, read as a polynomial over GF(2^8), is zero at the first powers of 2.
    private static func syndromesAreZero(_ block: [UInt8], _ count: Int) -> Bool {
        var exponentials = [Int](repeating: 1, count: 255)
        for at in 1..<255 {
            let double = exponentials[at - 1] * 2
            exponentials[at] = double > 255 ? double ^ 285 : double
        }
        var logarithms = [Int](repeating: 0, count: 256)
        for at in 0..<255 { logarithms[exponentials[at]] = at }
        return (0..<count).allSatisfy { root in
            block.enumerated().reduce(0) { sum, term in
                guard term.element != 0 else { return sum }
                let power = logarithms[Int(term.element)] + root * (block.count - 1 - term.offset)
                return sum ^ exponentials[power % 255]
            } == 0
        }
    }

    private static func message(in data: [UInt8], _ version: Int) throws(QRError) -> [UInt8] {
        var bits = data.flatMap { byte in (0..<8).reversed().map { byte >> UInt8($0) & 1 } }[...]
        func take(_ count: Int) -> Int {
            defer { bits = bits.dropFirst(count) }
            return bits.prefix(count).reduce(0) { $0 << 1 | Int($1) }
        }
        guard take(4) == 4 else { throw .mode }
        let length = take(version < 10 ? 8 : 16)
        guard length * 8 <= bits.count else { throw .length }
        let message = (0..<length).map { _ in UInt8(take(8)) }
        guard take(min(4, bits.count)) == 0, bits.count % 8 == 0 else { throw .padding }
        for at in 0..<bits.count / 8 where take(8) != [0xEC, 0x11][at % 2] { throw .padding }
        return message
    }
}
