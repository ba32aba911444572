import Crypto
import Identity
import Testing

@Suite struct QRCodeTests {
    /// The most bytes of each version at level M (table 7).
    private static let capacities = [
        14, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331, 362, 412, 450, 504, 560, 624, 666,
    ]

    @Test(arguments: Array(zip(1...20, capacities)))
    func `a code of every version reads back, full and with one byte more than the version before`(
        _ version: Int, _ capacity: Int
    ) throws {
        let least = version == 1 ? 0 : Self.capacities[version - 2] + 1
        for count in [least, (least + capacity) / 2, capacity] {
            let message = Random.bytes(count)
            let code = try #require(QRCode(message))
            #expect(code.version == version)
            #expect(code.size == 17 + 4 * version)
            #expect(try QRReader(code).message == message)
        }
    }

    @Test func `one byte too many has no code`() {
        #expect(QRCode.byteLimit == Self.capacities[19])
        #expect(QRCode(Random.bytes(QRCode.byteLimit)) != nil)
        #expect(QRCode(Random.bytes(QRCode.byteLimit + 1)) == nil)
    }

    @Test func `the URI of an authenticator reads back`() throws {
        let uri = Array("otpauth://totp/Insula:ada%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Insula".utf8)
        let code = try #require(QRCode(uri))
        #expect(code.version == 6)
        #expect(try QRReader(code).message == uri)
    }

    @Test func `the reader notices any one module that is wrong`() throws {
        // Otherwise the tests above would prove little.
        let code = try #require(QRCode(Array("a message".utf8)))
        for y in 0..<code.size {
            for x in 0..<code.size {
                var square = QRSquare(code)
                square.rows[y][x].toggle()
                #expect(throws: QRError.self) { try QRReader(square) }
            }
        }
    }

    @Test func `the image has the modules of the code inside a border of four`() throws {
        let code = try #require(QRCode(Array("https://example.com".utf8)))
        let svg = code.svg()
        let side = code.size + 8
        #expect(svg.contains("viewBox=\"0 0 \(side) \(side)\""))
        var drawn = Set<[Int]>()
        for run in svg.matches(of: /M(\d+) (\d+)h(\d+)v1h-(\d+)z/) {
            let (x, y, width) = (Int(run.1)!, Int(run.2)!, Int(run.3)!)
            #expect(run.3 == run.4)
            for step in 0..<width { drawn.insert([x + step - 4, y - 4]) }
        }
        let dark = (0..<code.size).flatMap { y in (0..<code.size).filter { code.isDark($0, y) }.map { [$0, y] } }
        #expect(drawn == Set(dark))
        #expect(!svg.contains("<script") && !svg.contains("href") && !svg.contains("style"))
    }

    @Test func `of the eight masks the one with the least penalty is taken`() throws {
        var seen = Set<Int>()
        for seed in 0..<40 {
            let code = try #require(QRCode(Array("message number \(seed)".utf8)))
            let read = try QRReader(code)
            seen.insert(read.mask)
            let penalties = (0..<8).map { penalty(remasked(code, from: read.mask, to: $0, version: read.version)) }
            #expect(penalties[read.mask] == penalties.min())
        }
        #expect(seen.count > 3)
    }

    // MARK: The penalties of section 7.8.3, a second time

    private func remasked(_ code: QRCode, from old: Int, to new: Int, version: Int) -> [[Bool]] {
        let size = code.size
        var rows = (0..<size).map { y in (0..<size).map { code.isDark($0, y) } }
        for y in 0..<size {
            for x in 0..<size where QRReader.isData(x, y, version: version, size: size) {
                let flips = QRReader.flips(old, row: y, column: x) != QRReader.flips(new, row: y, column: x)
                if flips { rows[y][x].toggle() }
            }
        }
        let first = (0...5).map { ($0, 8) } + [(7, 8), (8, 8), (8, 7)] + (0...5).reversed().map { (8, $0) }
        let second = (0..<7).map { (8, size - 1 - $0) } + (0..<8).map { (size - 8 + $0, 8) }
        for places in [first, second] {
            for (place, bit) in zip(places, QRReader.formats[new]) { rows[place.1][place.0] = bit == "1" }
        }
        return rows
    }

    private func penalty(_ rows: [[Bool]]) -> Int {
        let size = rows.count
        let columns = (0..<size).map { x in rows.map { $0[x] } }
        var sum = 0
        for line in rows + columns {
            let text = String(line.map { $0 ? "#" : " " })
            for run in text.matches(of: /#{5,}| {5,}/) { sum += run.0.count - 2 }
            // Light beyond the edge.
            let wide = Array("    " + text + "    ")
            for start in 4...wide.count - 11 where String(wide[start..<start + 7]) == "# ### #" {
                let before = String(wide[start - 4..<start]) == "    "
                let behind = String(wide[start + 7..<start + 11]) == "    "
                if before || behind { sum += 40 }
            }
        }
        for y in 1..<size {
            for x in 1..<size where Set([rows[y][x], rows[y - 1][x], rows[y][x - 1], rows[y - 1][x - 1]]).count == 1 { sum += 3 }
        }
        let dark = rows.joined().filter { $0 }.count
        return sum + Int(abs(Double(dark) * 100 / Double(size * size) - 50) / 5) * 10
    }
}
