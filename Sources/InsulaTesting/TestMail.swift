// A mail as a test reads it: the fields and the text, decoded. Knows what the product writes and no more.

import Base
import Crypto
import Foundation

/// A mail that was written.
public struct TestMail: Sendable {
    /// All of it, as it would travel.
    public let source: String
    public let recipient: String
    public let subject: String
    /// The text, its lines ending in a line feed.
    public let text: String

    init(_ content: [UInt8]) {
        source = String(decoding: content, as: UTF8.self)
        let parts = source.components(separatedBy: "\r\n\r\n")
        let head = parts[0].replacing("\r\n ", with: " ")
        func field(_ name: String) -> String {
            let line = head.components(separatedBy: "\r\n").first { $0.hasPrefix("\(name): ") }
            return line.map { String($0.dropFirst(name.count + 2)) } ?? ""
        }
        recipient = field("To")
        subject = TestMail.words(field("Subject"))
        text = TestMail.quotedPrintable(parts.dropFirst().joined(separator: "\r\n\r\n"))
    }

    /// The first link in the text.
    public var link: String? {
        text.split { $0.isWhitespace }.first { $0.hasPrefix("http://") || $0.hasPrefix("https://") }.map(String.init)
    }

    private static func words(_ text: String) -> String {
        guard text.hasPrefix("=?utf-8?B?") else { return text }
        let bytes = text.split(separator: " ").flatMap { Base64.standard.decode($0.dropFirst(10).dropLast(2)) ?? [] }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func quotedPrintable(_ text: String) -> String {
        let bytes = Array(text.replacing("=\r\n", with: "").replacing("\r\n", with: "\n").utf8)
        var out: [UInt8] = []
        var at = 0
        while at < bytes.count {
            if bytes[at] == UInt8(ascii: "="), at + 2 < bytes.count,
                let value = UInt8(String(decoding: bytes[at + 1...at + 2], as: UTF8.self), radix: 16)
            {
                out.append(value)
                at += 3
            } else {
                out.append(bytes[at])
                at += 1
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
