// The modules of a QR code: the patterns by which it is found, the codewords in their zigzag, a mask over them, and the format
// (ISO/IEC 18004, sections 6.3, 7.7 to 7.10). What stands where is the business of this file alone.

/// The square of modules, `true` for dark.
struct QRMatrix {
    let version: QRVersion
    let size: Int
    private var dark: [Bool]
    /// Modules that belong to a pattern and to no codeword, so that no mask touches them.
    private var isPattern: [Bool]

    /// The square with its patterns and codewords, not masked yet.
    init(version: QRVersion, codewords: [UInt8]) {
        self.version = version
        size = version.size
        dark = [Bool](repeating: false, count: size * size)
        isPattern = dark
        drawTiming()
        for (x, y) in [(3, 3), (size - 4, 3), (3, size - 4)] { drawFinder(x, y) }
        drawAlignments()
        drawVersion()
        drawFormat(mask: 0)
        place(codewords)
    }

    /// Whether the module in column `x` and row `y`, both from 0 at the upper left, is dark.
    subscript(x: Int, y: Int) -> Bool { dark[y * size + x] }

    /// The same square under a mask, 0 to 7.
    func masked(_ mask: Int) -> QRMatrix {
        var copy = self
        for y in 0..<size {
            for x in 0..<size where !isPattern[y * size + x] && Self.flips(mask, x, y) { copy.dark[y * size + x].toggle() }
        }
        copy.drawFormat(mask: mask)
        return copy
    }

    // MARK: Patterns

    private mutating func set(_ x: Int, _ y: Int, _ isDark: Bool) {
        dark[y * size + x] = isDark
        isPattern[y * size + x] = true
    }

    private mutating func drawTiming() {
        for at in 0..<size {
            set(6, at, at % 2 == 0)
            set(at, 6, at % 2 == 0)
        }
    }

    /// Three nested squares, and the light border towards the inside.
    private mutating func drawFinder(_ centreX: Int, _ centreY: Int) {
        for y in max(0, centreY - 4)...min(size - 1, centreY + 4) {
            for x in max(0, centreX - 4)...min(size - 1, centreX + 4) {
                let distance = max(abs(x - centreX), abs(y - centreY))
                set(x, y, distance != 2 && distance != 4)
            }
        }
    }

    private mutating func drawAlignments() {
        guard let last = version.alignment.last else { return }
        for centreY in version.alignment {
            for centreX in version.alignment {
                // Three of the corners are taken by finders.
                let corners = [(6, 6), (6, last), (last, 6)]
                if corners.contains(where: { $0 == (centreX, centreY) }) { continue }
                for y in centreY - 2...centreY + 2 {
                    for x in centreX - 2...centreX + 2 { set(x, y, max(abs(x - centreX), abs(y - centreY)) != 1) }
                }
            }
        }
    }

    /// Both copies of the version with its 12 bits of a Golay code. Small codes have none.
    private mutating func drawVersion() {
        guard version.number >= 7 else { return }
        let bits = version.number << 12 | Self.rest(version.number << 12, by: 0x1F25, degree: 12)
        for bit in 0..<18 {
            let isDark = bits >> bit & 1 == 1
            set(size - 11 + bit % 3, bit / 3, isDark)
            set(bit / 3, size - 11 + bit % 3, isDark)
        }
    }

    /// Both copies of level M (00) and the mask with their 10 bits of a BCH code, and the module that is always dark.
    private mutating func drawFormat(mask: Int) {
        let bits = (mask << 10 | Self.rest(mask << 10, by: 0x537, degree: 10)) ^ 0x5412
        for bit in 0..<15 {
            let isDark = bits >> bit & 1 == 1
            switch bit {
            case 0...5: set(8, bit, isDark)
            case 6, 7: set(8, bit + 1, isDark)
            case 8: set(7, 8, isDark)
            default: set(14 - bit, 8, isDark)
            }
            if bit < 8 { set(size - 1 - bit, 8, isDark) } else { set(8, size - 15 + bit, isDark) }
        }
        set(8, size - 8, true)
    }

    /// The rest of a polynomial over GF(2).
    private static func rest(_ number: Int, by divisor: Int, degree: Int) -> Int {
        var rest = number
        while rest >> degree != 0 {
            rest ^= divisor << (Int.bitWidth - rest.leadingZeroBitCount - 1 - degree)
        }
        return rest
    }

    // MARK: Codewords

    /// Two columns at a time, from the right, up and down in turn; the vertical timing pattern is stepped over. Bits that are left stay 0.
    private mutating func place(_ codewords: [UInt8]) {
        var next = 0
        var isUpward = true
        for right in stride(from: size - 1, to: 0, by: -2).map({ $0 <= 6 ? $0 - 1 : $0 }) {
            for step in 0..<size {
                let y = isUpward ? size - 1 - step : step
                for x in [right, right - 1] where !isPattern[y * size + x] && next < codewords.count * 8 {
                    dark[y * size + x] = codewords[next >> 3] >> UInt8(7 - next & 7) & 1 == 1
                    next += 1
                }
            }
            isUpward.toggle()
        }
    }

    private static func flips(_ mask: Int, _ x: Int, _ y: Int) -> Bool {
        switch mask {
        case 0: (x + y) % 2 == 0
        case 1: y % 2 == 0
        case 2: x % 3 == 0
        case 3: (x + y) % 3 == 0
        case 4: (x / 3 + y / 2) % 2 == 0
        case 5: x * y % 2 + x * y % 3 == 0
        case 6: (x * y % 2 + x * y % 3) % 2 == 0
        default: ((x + y) % 2 + x * y % 3) % 2 == 0
        }
    }
}
