// QR codes (ISO/IEC 18004) for the `otpauth` URIs that authenticator apps scan: byte mode, error correction M, the smallest version
// that fits and the mask with the least penalty. Drawn here, so that the secret in it goes to no one else. Bound: 666 bytes (version 20).

/// A QR code.
public struct QRCode: Sendable {
    /// The most bytes of a message.
    public static let byteLimit = 666
    /// The light border that readers need, in modules.
    public static let borderModules = 4

    /// Modules of one side, without the border.
    public let size: Int
    /// 1 to 20; with it grows the size.
    public let version: Int
    /// Row by row.
    private let dark: [Bool]

    /// The code of `message`, such as the UTF-8 of a URI; `nil` when it has more than `byteLimit` bytes.
    public init?(_ message: [UInt8]) {
        guard let version = QRVersion(holding: message.count) else { return nil }
        let matrix = QRMatrix(version: version, codewords: QRCodewords.codewords(of: message, version: version))
        var best = matrix.masked(0)
        var least = best.penalty
        for mask in 1..<8 {
            let other = matrix.masked(mask)
            let penalty = other.penalty
            if penalty < least { (best, least) = (other, penalty) }
        }
        size = best.size
        self.version = version.number
        var dark: [Bool] = []
        dark.reserveCapacity(size * size)
        for y in 0..<size {
            for x in 0..<size { dark.append(best[x, y]) }
        }
        self.dark = dark
    }

    /// Whether the module in column `x` and row `y`, both from 0 at the upper left, is dark.
    public func isDark(_ x: Int, _ y: Int) -> Bool {
        precondition((0..<size).contains(x) && (0..<size).contains(y), "a module lies inside its code")
        return dark[y * size + x]
    }

    /// The code as an SVG image that takes the size it is given: one unit a module, black on white, the border included.
    public func svg() -> String {
        let side = size + 2 * Self.borderModules
        var path = ""
        for y in 0..<size {
            var x = 0
            while x < size {
                let start = x
                while x < size, isDark(x, y) { x += 1 }
                if x > start { path += "M\(start + Self.borderModules) \(y + Self.borderModules)h\(x - start)v1h-\(x - start)z" }
                x += 1
            }
        }
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(side) \(side)" shape-rendering="crispEdges">\
            <path fill="#fff" d="M0 0h\(side)v\(side)H0z"/><path d="\(path)"/></svg>
            """
    }
}
