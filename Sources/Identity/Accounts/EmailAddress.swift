// The address of somebody's mailbox, which is also one of his two names. A strict subset of RFC 5321: a dot-atom at a host name of at least
// two labels, all ASCII. Normalised (NFKC, case fold) before it is checked and compared; mail goes to the normalised spelling and to no
// other, so that nobody gets mail for an address that only looks like his.

import Base
import Foundation

/// An e-mail address in its one spelling.
public struct EmailAddress: Sendable, Hashable {
    /// Characters of an address (RFC 5321, section 4.5.3.1.3, without the brackets).
    public static let characters = 3...254
    static let localCharacters = 64
    static let labelCharacters = 63
    static let domainCharacters = 253
    /// Bytes of what is looked at at all.
    static let mostBytes = 1_024

    /// The normalised text.
    public let text: String

    /// What stands before the `@`.
    public var local: String { String(text.prefix { $0 != "@" }) }

    /// Normalises and checks.
    /// - Parameter field: what the caller calls it.
    /// - Throws: `.invalid` naming the field.
    public init(_ given: String, field: String = "email") throws(Fault) {
        guard given.utf8.count <= EmailAddress.mostBytes, EmailAddress.isAddress(given.caseFolded) else {
            throw .invalid(field, "format", "This must be an e-mail address such as name@example.com.")
        }
        text = given.caseFolded
    }

    private static func isAddress(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard characters.contains(bytes.count), let at = bytes.lastIndex(of: UInt8(ascii: "@")) else { return false }
        return isLocal(bytes[..<at]) && isDomain(bytes[(at + 1)...])
    }

    /// A dot-atom (RFC 5322, section 3.2.3).
    private static func isLocal(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard (1...localCharacters).contains(bytes.count) else { return false }
        return bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { atom in
            !atom.isEmpty && atom.allSatisfy { isAlphanumeric($0) || atomPunctuation.contains($0) }
        }
    }

    private static let atomPunctuation = Set("!#$%&'*+/=?^_`{|}~-".utf8)

    private static func isDomain(_ bytes: ArraySlice<UInt8>) -> Bool {
        let labels = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard bytes.count <= domainCharacters, labels.count >= 2 else { return false }
        let areSound = labels.allSatisfy { label in
            (1...labelCharacters).contains(label.count) && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
                && label.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
        }
        // A name that ends in digits is an address of the network.
        return areSound && labels.last?.allSatisfy { (0x30...0x39).contains($0) } == false
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
    }
}
