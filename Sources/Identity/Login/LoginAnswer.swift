// What a login comes to: a session, or the challenge for its second step. What is given to a browser as a cookie is not in the body.

import Base
import JSON

/// The outcome of one step of a login.
public struct LoginAnswer: Sendable {
    public let completed: CompletedLogin?
    /// What the second step is made with, when the login is not complete.
    public let challenge: String?

    static func mfaRequired(_ challenge: String) -> LoginAnswer { LoginAnswer(completed: nil, challenge: challenge) }

    static func complete(_ login: CompletedLogin) -> LoginAnswer { LoginAnswer(completed: login, challenge: nil) }

    private var session: NewSession? { completed?.session }
    private var bodyDeviceToken: String? { session?.kind == .cookie ? nil : completed?.deviceToken }

    public static let output = Output<LoginAnswer>(
        "Login", "The outcome of a step of a login. A second factor is asked for with `state` `mfa_required` and a challenge.",
        [
            .field("state", "`complete`, or `mfa_required` when the second step is still to be made.") { answer in
                answer.challenge == nil ? "complete" : "mfa_required"
            },
            .sparse("challenge", "What the second step is made with.") { $0.challenge },
            .sparse("token_type", "How the access token is sent: `Authorization: Bearer …`.") { answer in
                answer.session?.accessToken == nil ? nil : "Bearer"
            },
            .sparse("access_token", "A signed token that opens the API. Left out when a cookie does.") { answer in
                answer.session?.accessToken?.spelled
            },
            .sparse("expires_in", "Seconds for which the access token or the challenge is good.") { answer in
                answer.challenge == nil ? answer.session?.expiresIn : MFAChallenge.lifetimeSeconds
            },
            .sparse("refresh_token", "What the next access token is got with, once.") { $0.session?.refreshToken?.spelled },
            .sparse("session_id", "The session that began.") { $0.session?.id },
            .sparse("session_expires_at", "When the session ends at the latest.") { $0.session?.expiresAt },
            .sparse("device_token", "To be given with the next login from here, which then works while strangers guess.") {
                $0.bodyDeviceToken
            },
            .sparse("mfa_enrolment_required", "Whether a second factor has to be enrolled before anything else.") { answer in
                answer.completed?.mustEnrol
            },
            .sparse("password_change_required", "Whether a new password has to be chosen before anything else.") { answer in
                answer.completed?.mustChangePassword
            },
            .sparseObject("user", "Who is logged in.", LoggedInUser.output) { $0.completed?.user },
        ])
}

/// A login that has led to a session.
public struct CompletedLogin: Sendable {
    public let session: NewSession
    /// Given out to a device that the account did not know.
    public let deviceToken: String?
    let user: LoggedInUser
    let mustEnrol: Bool
    let mustChangePassword: Bool

    init(
        session: NewSession, device: String?, user: LoginAccount.User, mustEnrol: Bool, mustChangePassword: Bool
    ) {
        self.session = session
        deviceToken = device
        self.user = LoggedInUser(id: user.id, username: user.username, email: user.email, name: user.name)
        self.mustEnrol = mustEnrol
        self.mustChangePassword = mustChangePassword
    }
}

/// Who is logged in, as the login tells it.
struct LoggedInUser: Sendable {
    let id: UserID
    let username: String
    let email: String
    let name: String

    static let output = Output<LoggedInUser>(
        "LoggedInUser", "Who is logged in.",
        [
            .field("id", "The id.") { $0.id },
            .field("username", "The name to log in with.") { $0.username },
            .field("email", "The e-mail address, to log in with as well.") { $0.email },
            .field("name", "What people call this person.") { $0.name },
        ])
}
