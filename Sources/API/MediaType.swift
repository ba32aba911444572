// What a body says it is.

enum MediaType: String, Sendable {
    case json = "application/json"
    case form = "application/x-www-form-urlencoded"

    /// Whether a `Content-Type` is `application/json`, whatever parameters follow, or a `+json` type.
    static func isJSON(_ value: Span<UInt8>) -> Bool {
        let type = type(value)
        return type.elementsEqual(MediaType.json.rawValue.utf8)
            || (type.starts(with: "application/".utf8) && type.suffix(5).elementsEqual("+json".utf8))
    }

    /// Whether a `Content-Type` is that of forms.
    static func isForm(_ value: Span<UInt8>) -> Bool {
        type(value).elementsEqual(MediaType.form.rawValue.utf8)
    }

    /// The type without its parameters, in lower case; cut when it is longer than any type is.
    private static func type(_ value: Span<UInt8>) -> [UInt8] {
        var type: [UInt8] = []
        for at in 0..<value.count {
            let byte = value[at]
            if byte == UInt8(ascii: ";") || type.count > 127 { break }
            if byte != 0x20 && byte != 0x09 { type.append(byte | (byte >= 0x41 && byte <= 0x5A ? 0x20 : 0)) }
        }
        return type
    }
}
