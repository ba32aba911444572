// The mails of accounts. Each says what happened, for which organisation, and what to do if it was somebody else. A link carries its token
// behind the `#`, which browsers keep to themselves: it reaches no server, no log and no other site.

import Base
import Mail

/// Writes the mails of accounts.
struct AccountMail: Sendable {
    /// What the page at the end of a link is for.
    private enum Page: String {
        case verifyEmail = "verify_email"
        case changeEmail = "change_email"
        case resetPassword = "reset_password"
        case invitation
    }

    /// Where people reach this server, without a slash at the end.
    let publicURL: String

    private func link(_ page: Page, _ token: LinkToken) -> String {
        "\(publicURL)/account#purpose=\(page.rawValue)&token=\(token.text)"
    }

    // MARK: To somebody new

    func verification(to email: String, tenant: String, username: String, _ token: LinkToken) throws(Fault) -> MailMessage {
        try message(
            to: email, "Confirm your address for \(tenant)",
            """
            An account was registered at \(tenant) with this address and the username \(username).

            Confirm that the address is yours, within 24 hours:

            \(link(.verifyEmail, token))

            If you did not register, do nothing: without this step the account can't be used and is removed.
            """)
    }

    func alreadyRegistered(to email: String, tenant: String) throws(Fault) -> MailMessage {
        try message(
            to: email, "You have an account at \(tenant) already",
            """
            Somebody, probably you, wanted to register at \(tenant) with this address. There is an account with it already, and nothing
            was changed. If you have forgotten its password, ask for a new one where you log in.
            """)
    }

    func usernameTaken(to email: String, tenant: String, username: String) throws(Fault) -> MailMessage {
        try message(
            to: email, "Choose another username for \(tenant)",
            """
            Somebody, probably you, wanted to register at \(tenant) with this address and the username \(username). That username, or one
            that looks like it, is taken, and no account was made. Please register again with another one.
            """)
    }

    func invitation(to email: String, tenant: String, _ token: LinkToken) throws(Fault) -> MailMessage {
        try message(
            to: email, "You are invited to \(tenant)",
            """
            You are invited to join \(tenant). Choose a username and a password, within 72 hours:

            \(link(.invitation, token))

            If you do not expect this invitation, do nothing.
            """)
    }

    // MARK: To somebody who has an account

    func passwordReset(to email: String, tenant: String, username: String, _ token: LinkToken) throws(Fault) -> MailMessage {
        try message(
            to: email, "Choose a new password for \(tenant)",
            """
            Somebody, probably you, asked for a new password of the account \(username) at \(tenant). Choose it within one hour:

            \(link(.resetPassword, token))

            If it was not you, do nothing: the password stays as it is.
            """)
    }

    func passwordChanged(to email: String, tenant: String, username: String) throws(Fault) -> MailMessage {
        try message(
            to: email, "Your password for \(tenant) was changed",
            """
            The password of your account \(username) at \(tenant) was changed just now, and its other sessions were ended.

            If it was not you, ask for a new password at once, and tell an administrator of \(tenant).
            """)
    }

    func emailChange(to email: String, tenant: String, username: String, _ token: LinkToken) throws(Fault) -> MailMessage {
        try message(
            to: email, "Confirm your new address for \(tenant)",
            """
            The account \(username) at \(tenant) is to use this address. Confirm it within one hour:

            \(link(.changeEmail, token))

            If you did not ask for it, do nothing.
            """)
    }

    func emailChangeAsked(to email: String, tenant: String, username: String) throws(Fault) -> MailMessage {
        try message(
            to: email, "A new address was given for your account at \(tenant)",
            """
            Your account \(username) at \(tenant) is to use another e-mail address, once that is confirmed.

            If it was not you, change your password at once, and tell an administrator of \(tenant).
            """)
    }

    func emailChanged(to email: String, tenant: String, username: String) throws(Fault) -> MailMessage {
        try message(
            to: email, "Your address for \(tenant) was changed",
            """
            Your account \(username) at \(tenant) uses another e-mail address from now on. This one gets no further mail.

            If it was not you, tell an administrator of \(tenant).
            """)
    }

    func secondFactorReset(to email: String, tenant: String, username: String) throws(Fault) -> MailMessage {
        try message(
            to: email, "Your second factor for \(tenant) was removed",
            """
            An administrator of \(tenant) has removed the second factor of your account \(username). You can enrol a new one when you are
            logged in.

            If you did not ask for it, change your password at once.
            """)
    }

    private func message(to email: String, _ subject: String, _ text: String) throws(Fault) -> MailMessage {
        guard let address = MailAddress(email) else {
            throw Fault(.internalError, "The server could not do it.", cause: "an account's address is none that mail can go to")
        }
        return try MailMessage(to: address, subject: subject, text: text)
    }
}
