// An address that mail is sent to or from: the part of RFC 5321 and RFC 5322 that mailboxes of people have. A local part in plain form and
// a domain in ASCII; no quotes, comments, routes or address literals. So an address holds no byte that means anything to a header or to
// SMTP, and can be written into both as it is.

import Base

/// The address of a mailbox.
public struct MailAddress: Sendable, Hashable, CustomStringConvertible {
    /// The most bytes of an address: what fits between the angle brackets of a path (RFC 5321, section 4.5.3.1.3).
    public static let byteLimit = 254
    /// The most bytes before the `@` (RFC 5321, section 4.5.3.1.1).
    public static let localPartByteLimit = 64
    /// The most bytes of a label of the domain (RFC 1035, section 2.3.4).
    public static let labelByteLimit = 63

    /// What stands before the `@`, as it was written.
    public let localPart: String
    /// What stands behind the `@`, in lower case. A name of another script is in its ASCII form (RFC 5890).
    public let domain: String

    /// Reads `local@domain`; `nil` for everything else. Nothing is trimmed.
    public init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count <= MailAddress.byteLimit, let at = bytes.lastIndex(of: UInt8(ascii: "@")) else { return nil }
        let local = bytes[..<at]
        let domain = bytes[(at + 1)...].map(MailAddress.lowercased)
        guard MailAddress.isLocalPart(local), MailAddress.isDomain(domain) else { return nil }
        localPart = String(decoding: local, as: UTF8.self)
        self.domain = String(decoding: domain, as: UTF8.self)
    }

    /// `local@domain`.
    public var description: String { "\(localPart)@\(domain)" }

    /// A dot-atom (RFC 5322, section 3.2.3).
    private static func isLocalPart(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard bytes.count <= localPartByteLimit else { return false }
        return bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            .allSatisfy { !$0.isEmpty && $0.allSatisfy(isAtomText) }
    }

    private static func isAtomText(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || "!#$%&'*+-/=?^_`{|}~".utf8.contains(byte)
    }

    /// Labels of letters, digits and hyphens. The last one is no number, which would make it an address of the internet protocol.
    private static func isDomain(_ bytes: [UInt8]) -> Bool {
        let labels = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let hyphen = UInt8(ascii: "-")
        return labels.last?.contains { !(48...57).contains($0) } == true
            && labels.allSatisfy { label in
                !label.isEmpty && label.count <= labelByteLimit && label.first != hyphen && label.last != hyphen
                    && label.allSatisfy { isAlphanumeric($0) || $0 == hyphen }
            }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (65...90).contains(byte) ? byte | 0x20 : byte
    }
}
