// Accounts: make one, get in by a link, and one's own. Whoever is nobody yet names the tenant in the body, by `X-Tenant-ID` or by the host.
// What a link in a mail does is done by POST alone; the page at `/account` shows it first.

import Base
import HTTP
import Identity
import JSON
import Tenancy

extension Endpoint {
    static func accounts(_ services: Services) -> [Endpoint] {
        joining(services) + links(services) + own(services)
    }

    private static func joining(_ services: Services) -> [Endpoint] {
        let registrations = services.registrations
        let naming = TenantNames(services.configuration)
        return [
            .openTaking(
                "/v1/signup", "Make a tenant of your own, where the operator lets people", SignUp.input, status: 201,
                answers: SignedUp.output
            ) { call, input throws(Fault) in
                try await registrations.signUp(input, for: call)
            },
            .openTaking(
                "/v1/register", "Make an account in a tenant that takes everybody; a link comes by mail", Register.input,
                status: 202,
                answers: MailRequested.output
            ) { call, input throws(Fault) in
                try await registrations.register(input, naming: naming.of(call), for: call)
            },
            .openTaking(
                "/v1/invitations/accept", "Make the account of an invitation", AcceptInvitation.input, status: 201,
                answers: User.output
            ) { call, input throws(Fault) in
                try await services.invitations.accept(input, for: call)
            },
        ]
    }

    private static func links(_ services: Services) -> [Endpoint] {
        let accounts = services.accounts
        let naming = TenantNames(services.configuration)
        return [
            .open("/account", "The page at the end of a link in a mail", type: "text/html; charset=utf-8") { call throws(Fault) in
                try call.refuseQuery()
                call.answer("text/html; charset=utf-8", AccountPage.bytes, headers: AccountPage.headers)
            },
            .openTaking(
                "/v1/email/verify", "Confirm the address that a link went to; a registration, with the password of the account",
                UseLink.input, answers: User.output
            ) { call, input throws(Fault) in
                try await accounts.verifyEmail(input, for: call)
            },
            .openTaking(
                "/v1/password/forgot", "Ask for a link to choose a new password; the answer is the same for every address",
                MailRequest.input, status: 202, answers: MailRequested.output
            ) { call, input throws(Fault) in
                try await accounts.forgotPassword(input, naming: naming.of(call), for: call)
            },
            .openTaking(
                "/v1/password/reset", "Choose a new password by a link; all sessions end", ResetPassword.input,
                answers: User.output
            ) { call, input throws(Fault) in
                try await accounts.resetPassword(input, for: call)
            },
        ]
    }

    private static func own(_ services: Services) -> [Endpoint] {
        let accounts = services.accounts
        return [
            .plain(.get, "/v1/account", "Read the own account", AccountRead.self, answers: Account.output) {
                call, permit throws(Fault) in
                try await accounts.get(permit)
            },
            .taking(
                .patch, "/v1/account", "Change the own names", AccountWrite.self, UpdateAccount.input, answers: Account.output
            ) { call, permit, input throws(Fault) in
                try await accounts.update(input, permit)
            },
            .silent(.delete, "/v1/account", "Leave: delete the own account", AccountWrite.self) { call, permit throws(Fault) in
                try await accounts.delete(permit)
            }.sensitive,
            .taking(
                .post, "/v1/account/password", "Change the own password; all other sessions end", AccountWrite.self,
                ChangePassword.input, answers: Account.output
            ) { call, permit, input throws(Fault) in
                try await accounts.changePassword(input, permit)
            },
            .taking(
                .post, "/v1/account/email", "Ask for another address, which is confirmed by a link that goes there",
                AccountWrite.self, ChangeEmail.input, status: 202, answers: MailRequested.output
            ) { call, permit, input throws(Fault) in
                try await accounts.changeEmail(input, permit)
            }.sensitive,
        ]
    }
}

/// What the head of a request calls the tenant.
private struct TenantNames: Sendable {
    private let publicHost: String

    init(_ configuration: Configuration) {
        // Of `https://example.com:8443`.
        let parts = configuration.publicURL.split(separator: "/")
        publicHost = parts.count > 1 ? String(parts[1].prefix { $0 != ":" }) : ""
    }

    func of(_ call: Call) -> TenantNaming {
        let headers = call.exchange.head.headers
        var naming = TenantNaming()
        naming.add(headers.text(of: .tenantID))
        naming.add(host: headers.text(of: .host) ?? "", under: publicHost)
        return naming
    }
}
