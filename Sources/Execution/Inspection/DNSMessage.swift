// Messages of the domain name system (RFC 1035, section 4; RFC 3596; RFC 8659): one question out, answers in. Bytes to values, nothing else.
// Bounds: `recordLimit` records, `pointerLimit` pointers in one name, `nameBytes` a name.

import Base
import HTTP

/// A kind of record.
enum DNSRecordType: String, Sendable, CaseIterable {
    case a = "A"
    case aaaa = "AAAA"
    case cname = "CNAME"
    case mx = "MX"
    case txt = "TXT"
    case ns = "NS"
    case caa = "CAA"

    var number: UInt16 {
        switch self {
        case .a: 1
        case .ns: 2
        case .cname: 5
        case .mx: 15
        case .txt: 16
        case .aaaa: 28
        case .caa: 257
        }
    }
}

/// A record that was answered.
struct DNSRecord: Sendable, Hashable {
    let name: String
    let type: DNSRecordType
    /// Seconds for which it holds.
    let timeToLive: Int
    /// As zone files spell it, texts without quotes.
    let value: String
    /// What an `A` or `AAAA` leads to.
    var address: IPAddress?
}

/// An answer.
struct DNSMessage: Sendable {
    static let recordLimit = 200
    static let pointerLimit = 64
    static let nameBytes = 255

    let id: UInt16
    /// 0 for an answer, 3 for a name that does not exist (RFC 1035, section 4.1.1).
    let code: Int
    let records: [DNSRecord]

    /// A question, as it is sent; `nil` for what is no name.
    static func question(_ name: String, _ type: DNSRecordType, id: UInt16) -> [UInt8]? {
        var bytes: [UInt8] = [UInt8(id >> 8), UInt8(id & 255), 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]
        let labels = (name.hasSuffix(".") ? name.dropLast() : name[...]).split(separator: ".", omittingEmptySubsequences: false)
        for label in labels {
            guard (1...63).contains(label.utf8.count), label.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
            bytes.append(UInt8(label.utf8.count))
            bytes += label.utf8
        }
        guard bytes.count - 12 < nameBytes else { return nil }
        return bytes + [0, UInt8(type.number >> 8), UInt8(type.number & 255), 0, 1]
    }

    /// Reads an answer.
    /// - Throws: `.outboundFailed` when it is malformed.
    init(_ bytes: [UInt8]) throws(Fault) {
        var reader = Reader(bytes: bytes)
        id = try reader.word()
        let flags = try reader.word()
        guard flags >> 15 == 1 else { throw Reader.fault }
        code = Int(flags & 15)
        let (questions, answers) = (try reader.word(), try reader.word())
        _ = (try reader.word(), try reader.word())
        for _ in 0..<questions {
            _ = try reader.name()
            try reader.skip(4)
        }
        var records: [DNSRecord] = []
        for _ in 0..<min(Int(answers), DNSMessage.recordLimit) {
            if let record = try reader.record() { records.append(record) }
        }
        self.records = records
    }

    /// Takes an answer apart.
    private struct Reader {
        static let fault = Fault(.outboundFailed, "The name server gave an answer that is malformed.")

        let bytes: [UInt8]
        var at = 0

        mutating func byte() throws(Fault) -> UInt8 {
            guard at < bytes.count else { throw Reader.fault }
            at += 1
            return bytes[at - 1]
        }

        mutating func word() throws(Fault) -> UInt16 { UInt16(try byte()) << 8 | UInt16(try byte()) }

        mutating func skip(_ count: Int) throws(Fault) {
            guard at + count <= bytes.count else { throw Reader.fault }
            at += count
        }

        /// A name, whose end may stand elsewhere in the message (RFC 1035, section 4.1.4).
        mutating func name() throws(Fault) -> String {
            var (text, end, pointers): (String, Int?, Int) = ("", nil, 0)
            while true {
                let length = Int(try byte())
                if length == 0 { break }
                if length >= 0xC0 {
                    let target = (length & 0x3F) << 8 | Int(try byte())
                    end = end ?? at
                    pointers += 1
                    guard pointers <= DNSMessage.pointerLimit, target < bytes.count else { throw Reader.fault }
                    at = target
                    continue
                }
                guard length < 64, at + length <= bytes.count else { throw Reader.fault }
                if !text.isEmpty { text += "." }
                text += DNSMessage.shown(bytes[at..<(at + length)], escaping: true)
                guard text.utf8.count <= 4 * DNSMessage.nameBytes else { throw Reader.fault }
                at += length
            }
            at = end ?? at
            return text.isEmpty ? "." : text.lowercased()
        }

        /// `nil` for a kind that nobody asked for.
        mutating func record() throws(Fault) -> DNSRecord? {
            let owner = try name()
            let (kind, _) = (try word(), try word())
            let seconds = Int(try word()) << 16 | Int(try word())
            let length = Int(try word())
            let end = at + length
            guard end <= bytes.count else { throw Reader.fault }
            defer { at = end }
            guard let type = DNSRecordType.allCases.first(where: { $0.number == kind }) else { return nil }
            let (value, address) = try data(type, end)
            guard at <= end else { throw Reader.fault }
            return DNSRecord(name: owner, type: type, timeToLive: seconds, value: value, address: address)
        }

        private mutating func data(_ type: DNSRecordType, _ end: Int) throws(Fault) -> (String, IPAddress?) {
            switch type {
            case .a, .aaaa:
                guard end - at == (type == .a ? 4 : 16), let address = IPAddress(bytes: Array(bytes[at..<end])) else {
                    throw Reader.fault
                }
                return (address.description, address)
            case .cname, .ns: return (try name(), nil)
            case .mx: return ("\(try word()) \(try name())", nil)
            case .txt:
                var text = ""
                while at < end {
                    let length = Int(try byte())
                    guard at + length <= end else { throw Reader.fault }
                    text += DNSMessage.shown(bytes[at..<(at + length)], escaping: false)
                    at += length
                }
                return (text, nil)
            case .caa:
                let flags = try byte()
                let length = Int(try byte())
                guard at + length <= end else { throw Reader.fault }
                let tag = DNSMessage.shown(bytes[at..<(at + length)], escaping: false)
                return ("\(flags) \(tag) \(DNSMessage.shown(bytes[(at + length)..<end], escaping: false))", nil)
            }
        }
    }

    /// Bytes as text: what is not printable, and a dot inside a label, as a backslash and three digits.
    private static func shown(_ bytes: ArraySlice<UInt8>, escaping dots: Bool) -> String {
        var text: [UInt8] = []
        for byte in bytes {
            if byte >= 0x20, byte < 0x7F, !dots || byte != UInt8(ascii: "."), byte != UInt8(ascii: "\\") {
                text.append(byte)
            } else {
                text += [UInt8(ascii: "\\"), 0x30 + byte / 100, 0x30 + byte / 10 % 10, 0x30 + byte % 10]
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
