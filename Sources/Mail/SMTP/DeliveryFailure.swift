// Why a mail was not handed over, and whether another attempt may help.

/// A failed attempt to deliver a mail.
public struct DeliveryFailure: Error, Sendable, Equatable {
    /// Whether every further attempt would fail as well.
    public let isPermanent: Bool
    /// The stage and what went wrong there: no address, nothing of the mail, no password.
    public let reason: String

    public init(_ reason: String, isPermanent: Bool = false) {
        self.reason = reason
        self.isPermanent = isPermanent
    }
}
