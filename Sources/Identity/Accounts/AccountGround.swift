// What all that is done with accounts stands on: the database, the hashing of passwords, sessions and their end, and the outbox of mails.

import Base
import Mail
import Postgres
import Tenancy

/// The parts that accounts are made of.
public struct AccountGround: Sendable {
    let database: Database
    let passwords: Passwords
    let sessions: Sessions
    let authenticator: Authenticator
    let outbox: MailOutbox
    let mail: AccountMail
    let budgets: GuessBudgets

    /// - Parameter publicURL: where people reach this server, without a slash at the end.
    public init(
        database: Database, passwords: Passwords, sessions: Sessions, outbox: MailOutbox, publicURL: String
    ) {
        self.database = database
        self.passwords = passwords
        self.sessions = sessions
        authenticator = sessions.authenticator
        self.outbox = outbox
        mail = AccountMail(publicURL: publicURL)
        budgets = GuessBudgets(database: database)
    }
}
