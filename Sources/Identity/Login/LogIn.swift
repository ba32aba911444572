// What somebody sends to log in, and for its second step.

import Base
import JSON

/// A name, a password, and where they belong.
public struct LogIn: Sendable {
    /// Username or e-mail address, perhaps with `slug/` before it.
    public let login: String
    public let password: String
    /// Slug or id of the tenant.
    public let tenant: String?
    /// Whether the session is a browser's, kept by a cookie.
    public let wantsCookie: Bool
    public let deviceToken: String?

    public static let input = Input<LogIn>("LogIn", "A name, a password, and the tenant they belong to.") { fields in
        LogIn(
            login: fields.required(
                "login", .string(1...320, format: .line),
                "Username or e-mail address. The tenant's slug and a slash may stand before it."),
            password: fields.required("password", .passwordText, "The password."),
            tenant: fields.optional(
                "tenant", .string(1...100, format: .line),
                "Slug or id of the tenant, if neither host, header nor login name it. Left out: the default tenant."),
            wantsCookie: fields.defaulted(
                "cookie", .boolean, false, "Whether to keep the session in a cookie, for browsers, instead of answering tokens."),
            deviceToken: fields.optional(
                "device_token", .string(1...200, format: .line),
                "What an earlier login of this account gave out. Known devices go on working while strangers guess."))
    }
}

/// The second step: the challenge of the first, and a code.
public struct FinishLogIn: Sendable {
    public let challenge: String
    public let proof: SecondFactor.Proof
    public let wantsCookie: Bool
    public let deviceToken: String?

    public static let input = Input<FinishLogIn>("FinishLogIn", "The second step of a login: one of `code` and `recovery_code`.")
    {
        fields in
        let challenge = fields.required("challenge", .string(1...512, format: .line), "What the first step answered.")
        let proof = SecondFactor.Proof.read(&fields)
        return FinishLogIn(
            challenge: challenge, proof: proof,
            wantsCookie: fields.defaulted("cookie", .boolean, false, "As in the first step."),
            deviceToken: fields.optional("device_token", .string(1...200, format: .line), "As in the first step."))
    }
}
