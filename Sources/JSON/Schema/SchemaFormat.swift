// The formats that can be asserted, each by its own standard. Host names in other scripts (`idn-hostname`) are not among them: that
// takes the tables of IDNA; and a label that begins with `xn--` is looked at as it is spelled.

/// A format of text.
enum SchemaFormat: String, Sendable, CaseIterable {
    case date, time, duration, email, hostname, ipv4, ipv6, uri, iri, uuid, regex
    case dateTime = "date-time"
    case idnEmail = "idn-email"
    case uriReference = "uri-reference"
    case iriReference = "iri-reference"
    case uriTemplate = "uri-template"
    case jsonPointer = "json-pointer"
    case relativeJSONPointer = "relative-json-pointer"

    /// Whether a text is spelled so.
    func accepts(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        switch self {
        case .date: return CalendarText.isDate(bytes[...])
        case .time: return CalendarText.isTime(bytes[...])
        case .dateTime: return CalendarText.isDateTime(bytes[...])
        case .duration: return CalendarText.isDuration(bytes)
        case .email: return AddressText.isEmail(bytes, isInternational: false)
        case .idnEmail: return AddressText.isEmail(bytes, isInternational: true)
        case .hostname: return AddressText.isHostname(bytes[...], isInternational: false)
        case .ipv4: return AddressText.isIPv4(bytes[...])
        case .ipv6: return AddressText.isIPv6(bytes[...])
        case .uri: return URIText.isReference(text, isInternational: false, needsScheme: true)
        case .iri: return URIText.isReference(text, isInternational: true, needsScheme: true)
        case .uriReference: return URIText.isReference(text, isInternational: false, needsScheme: false)
        case .iriReference: return URIText.isReference(text, isInternational: true, needsScheme: false)
        case .uriTemplate: return URIText.isTemplate(text)
        case .uuid: return SchemaFormat.isUUID(bytes)
        case .regex: return Pattern.isWellFormed(text)
        case .jsonPointer: return SchemaFormat.isPointer(bytes[...])
        case .relativeJSONPointer: return SchemaFormat.isRelativePointer(bytes[...])
        }
    }

    private static func isUUID(_ bytes: [UInt8]) -> Bool {
        bytes.count == 36
            && bytes.indices.allSatisfy { [8, 13, 18, 23].contains($0) ? bytes[$0] == UInt8(ascii: "-") : bytes[$0].isHexDigit }
    }

    /// RFC 6901.
    private static func isPointer(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let first = bytes.first else { return true }
        guard first == UInt8(ascii: "/") else { return false }
        for (at, byte) in zip(bytes.indices, bytes) where byte == UInt8(ascii: "~") {
            guard at + 1 < bytes.endIndex, bytes[at + 1] == UInt8(ascii: "0") || bytes[at + 1] == UInt8(ascii: "1") else {
                return false
            }
        }
        return true
    }

    /// A count of steps up, then `#` or a pointer.
    private static func isRelativePointer(_ bytes: ArraySlice<UInt8>) -> Bool {
        let digits = bytes.prefix { JSONNumber.isDigit($0) }
        guard let first = digits.first, first != UInt8(ascii: "0") || digits.count == 1 else { return false }
        let rest = bytes.dropFirst(digits.count)
        return rest.elementsEqual("#".utf8) || isPointer(rest)
    }
}

extension UInt8 {
    /// A hexadecimal digit of ASCII.
    var isHexDigit: Bool { JSONNumber.isDigit(self) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(self | 0x20) }
    /// A letter of ASCII.
    var isLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }
}
