// The codewords of a QR code: the message in byte mode, padded, cut into blocks, each with its Reed-Solomon codewords over GF(2^8)
// with the polynomial x^8 + x^4 + x^3 + x^2 + 1, and the blocks interleaved (ISO/IEC 18004, sections 7.4 to 7.6).

/// From bytes to codewords.
enum QRCodewords {
    /// All codewords of `message` in their final order. The message fits into the version.
    static func codewords(of message: [UInt8], version: QRVersion) -> [UInt8] {
        let data = padded(message, version: version)
        var blocks: [ArraySlice<UInt8>] = []
        var start = 0
        for count in version.dataCounts {
            blocks.append(data[start..<start + count])
            start += count
        }
        let generator = generator(degree: version.correctionCount)
        let corrections = blocks.map { correction(of: $0, generator: generator) }
        let longest = version.dataCounts[version.blockCount - 1]
        var codewords: [UInt8] = []
        codewords.reserveCapacity(version.codewordCount)
        for column in 0..<longest {
            for block in blocks where column < block.count { codewords.append(block[block.startIndex + column]) }
        }
        for column in 0..<version.correctionCount {
            for correction in corrections { codewords.append(correction[column]) }
        }
        return codewords
    }

    /// Mode 0100, the length, the bytes, a terminator of four zero bits, and the two padding bytes in turn.
    private static func padded(_ message: [UInt8], version: QRVersion) -> [UInt8] {
        precondition(message.count <= version.byteLimit, "the version was chosen to hold the message")
        var bytes: [UInt8] = []
        bytes.reserveCapacity(version.dataCount)
        // The mode takes half a byte, so everything behind it is shifted by four bits.
        let length: [UInt8] =
            version.lengthBitCount == 8
            ? [UInt8(message.count)] : [UInt8(message.count >> 8), UInt8(truncatingIfNeeded: message.count)]
        var half: UInt8 = 0b0100
        for byte in length + message {
            bytes.append(half << 4 | byte >> 4)
            half = byte & 15
        }
        bytes.append(half << 4)
        var padding: UInt8 = 0xEC
        while bytes.count < version.dataCount {
            bytes.append(padding)
            padding ^= 0xEC ^ 0x11
        }
        return bytes
    }

    // MARK: Reed-Solomon

    /// The coefficients of (x - 1)(x - 2)(x - 4)… with `degree` factors, highest first and without the leading 1.
    private static func generator(degree: Int) -> [UInt8] {
        var coefficients: [UInt8] = [1]
        var root: UInt8 = 1
        for _ in 0..<degree {
            var next = coefficients + [0]
            for at in coefficients.indices { next[at + 1] ^= product(coefficients[at], root) }
            coefficients = next
            root = product(root, 2)
        }
        return Array(coefficients.dropFirst())
    }

    /// The rest of the block, times x^n, by the generator of degree n.
    private static func correction(of block: ArraySlice<UInt8>, generator: [UInt8]) -> [UInt8] {
        var rest = [UInt8](repeating: 0, count: generator.count)
        for byte in block {
            let factor = byte ^ rest[0]
            rest.removeFirst()
            rest.append(0)
            for at in generator.indices { rest[at] ^= product(generator[at], factor) }
        }
        return rest
    }

    private static func product(_ left: UInt8, _ right: UInt8) -> UInt8 {
        var sum: UInt16 = 0
        for bit in (0..<8).reversed() {
            sum = sum << 1 ^ (sum >> 7) * 0x11D
            if right >> UInt8(bit) & 1 == 1 { sum ^= UInt16(left) }
        }
        return UInt8(truncatingIfNeeded: sum)
    }
}
