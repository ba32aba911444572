// How somebody proved who he is, in the words of RFC 8176.

/// A method of authentication. The raw value is stable, and goes into tokens as `amr`.
public enum AuthenticationMethod: String, Sendable, CaseIterable {
    case password = "pwd"
    /// A code of an authenticator app, or a recovery code.
    case oneTimePassword = "otp"
    /// More than one of the others.
    case multiFactor = "mfa"
}
