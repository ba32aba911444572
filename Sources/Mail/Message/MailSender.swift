// Who mail comes from: what an operator sets as `INSULA_MAIL_FROM`, an address or a name with an address in angle brackets.

import Base

/// The sender of all mail of an installation.
public struct MailSender: Sendable, Hashable {
    /// What people see; empty for none.
    public let name: String
    public let address: MailAddress

    public init(name: String = "", address: MailAddress) {
        self.name = name
        self.address = address
    }

    /// Reads `local@domain` or `Name <local@domain>`; `nil` when it is neither.
    public init?(_ text: String) {
        guard text.hasSuffix(">"), let open = text.lastIndex(of: "<") else {
            guard let address = MailAddress(text) else { return nil }
            self.init(address: address)
            return
        }
        let name = String(text[..<open]).trimmed
        guard let address = MailAddress(text[text.index(after: open)...].dropLast()), !name.isEmpty,
            name.utf8.count <= HeaderText.byteLimit, !name.unicodeScalars.contains(where: HeaderText.isControl)
        else { return nil }
        self.init(name: name, address: address)
    }
}

extension StringProtocol {
    /// The text without spaces at its ends.
    var trimmed: String {
        var rest = self[...]
        while rest.first == " " { rest.removeFirst() }
        while rest.last == " " { rest.removeLast() }
        return String(rest)
    }
}
