// The sizes of QR codes (ISO/IEC 18004) at error correction level M, up to version 20: tables 9 and E.1 of the standard.

/// One size of a QR code.
struct QRVersion {
    /// 1 to 20.
    let number: Int
    /// All codewords, those of error correction with them.
    let codewordCount: Int
    let blockCount: Int
    /// The codewords of error correction in each block.
    let correctionCount: Int
    /// Where the centres of alignment patterns lie, in rows and in columns.
    let alignment: [Int]

    /// Modules of one side.
    var size: Int { 17 + 4 * number }
    var dataCount: Int { codewordCount - blockCount * correctionCount }
    /// The length of the field that tells how many bytes follow.
    var lengthBitCount: Int { number < 10 ? 8 : 16 }
    /// The most bytes that fit in, behind four bits of mode and the length.
    var byteLimit: Int { (dataCount * 8 - 4 - lengthBitCount) / 8 }
    /// The data codewords of each block: shorter blocks come first, and differ by one.
    var dataCounts: [Int] {
        let short = codewordCount / blockCount - correctionCount
        let longCount = codewordCount % blockCount
        return (0..<blockCount).map { $0 < blockCount - longCount ? short : short + 1 }
    }

    /// The smallest that holds `count` bytes.
    init?(holding count: Int) {
        guard let found = Self.all.first(where: { count <= $0.byteLimit }) else { return nil }
        self = found
    }

    private init(_ number: Int, _ codewordCount: Int, _ blockCount: Int, _ correctionCount: Int, _ alignment: [Int]) {
        self.number = number
        self.codewordCount = codewordCount
        self.blockCount = blockCount
        self.correctionCount = correctionCount
        self.alignment = alignment
    }

    static let all = [
        QRVersion(1, 26, 1, 10, []), QRVersion(2, 44, 1, 16, [6, 18]), QRVersion(3, 70, 1, 26, [6, 22]),
        QRVersion(4, 100, 2, 18, [6, 26]), QRVersion(5, 134, 2, 24, [6, 30]), QRVersion(6, 172, 4, 16, [6, 34]),
        QRVersion(7, 196, 4, 18, [6, 22, 38]), QRVersion(8, 242, 4, 22, [6, 24, 42]), QRVersion(9, 292, 5, 22, [6, 26, 46]),
        QRVersion(10, 346, 5, 26, [6, 28, 50]), QRVersion(11, 404, 5, 30, [6, 30, 54]), QRVersion(12, 466, 8, 22, [6, 32, 58]),
        QRVersion(13, 532, 9, 22, [6, 34, 62]), QRVersion(14, 581, 9, 24, [6, 26, 46, 66]),
        QRVersion(15, 655, 10, 24, [6, 26, 48, 70]), QRVersion(16, 733, 10, 28, [6, 26, 50, 74]),
        QRVersion(17, 815, 11, 28, [6, 30, 54, 78]), QRVersion(18, 901, 13, 26, [6, 30, 56, 82]),
        QRVersion(19, 991, 14, 26, [6, 30, 58, 86]), QRVersion(20, 1085, 16, 26, [6, 34, 62, 90]),
    ]
}
