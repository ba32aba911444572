// What a body says it is.

enum MediaType {
    /// Whether a `Content-Type` is `application/json`, whatever parameters follow, or a `+json` type.
    static func isJSON(_ value: Span<UInt8>) -> Bool {
        var type: [UInt8] = []
        for at in 0..<value.count {
            let byte = value[at]
            if byte == UInt8(ascii: ";") { break }
            if byte != 0x20 && byte != 0x09 { type.append(byte | (byte >= 0x41 && byte <= 0x5A ? 0x20 : 0)) }
            if type.count > 127 { return false }
        }
        return type.elementsEqual("application/json".utf8)
            || (type.starts(with: "application/".utf8) && type.suffix(5).elementsEqual("+json".utf8))
    }
}
