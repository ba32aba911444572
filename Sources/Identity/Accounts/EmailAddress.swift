// The address of somebody's mailbox, which is also one of his two names. What mail can go to, at a host name of at least two labels.
// Normalised (NFKC, case fold) before it is checked and compared; mail goes to the normalised spelling and to no other, so that nobody gets
// mail for an address that only looks like his.

import Base
import Foundation
import Mail

/// An e-mail address in its one spelling.
public struct EmailAddress: Sendable, Hashable {
    /// Bytes of what is looked at at all.
    static let mostBytes = 1_024

    /// The normalised text.
    public let text: String

    /// Normalises and checks.
    /// - Parameter field: what the caller calls it.
    /// - Throws: `.invalid` naming the field.
    public init(_ given: String, field: String = "email") throws(Fault) {
        let text = given.utf8.count <= EmailAddress.mostBytes ? given.caseFolded : ""
        guard let address = MailAddress(text), address.domain.contains(".") else {
            throw .invalid(field, "format", "This must be an e-mail address such as name@example.com.")
        }
        self.text = text
    }
}
