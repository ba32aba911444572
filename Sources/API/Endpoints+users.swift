// People and invitations, for those who manage them. The states are unverified → active ⇄ disabled; an invitation is pending until it is
// accepted or revoked, or expires.

import Base
import HTTP
import Identity
import JSON
import Tenancy

/// Which people a caller wants to see.
private struct ListUsers: Sendable {
    let paging: Paging
    let state: User.State?
    let role: RoleReference?
    let email: String?

    static let query = Query<ListUsers>("ListUsers") { parameters in
        ListUsers(
            paging: .read(&parameters),
            state: parameters.optional("filter[state]", .enumeration(User.State.self), "Only people in this state."),
            role: parameters.optional("filter[role]", role, "Only people with this role: a word, or the id of a custom one.")
                .flatMap(RoleReference.init),
            email: parameters.optional("filter[email]", .string(1...320, format: .line), "Only whoever has this address."))
    }

    private static let role = StringShape(1...64).refined(
        .format, "A role is owner, admin, member, viewer, or the id of a custom role."
    ) { RoleReference($0) != nil }

    /// The list by name, which a cursor is bound to.
    var name: String { "users \(state?.rawValue ?? "") \(role?.description ?? "") \(email ?? "")" }
}

extension Endpoint {
    static func users(_ services: Services) -> [Endpoint] {
        people(services) + invitations(services)
    }

    private static func people(_ services: Services) -> [Endpoint] {
        let users = services.users
        return [
            .asking("/v1/users", "List the people, newest first", UsersRead.self, ListUsers.query, answers: User.output.page) {
                call, permit, query throws(Fault) in
                let before: UserID? = try query.paging.place(in: query.name, for: permit.scope)
                let filter = Users.Filter(state: query.state, role: query.role, email: query.email)
                let part = try await users.list(
                    filter, before: before, limit: query.paging.limit, order: query.paging.order, permit)
                return part.page(of: query.name, in: query.paging.order, for: permit.scope)
            },
            .plain(.get, "/v1/users/{user_id}", "Read a person", UsersRead.self, answers: User.output) {
                call, permit throws(Fault) in
                try await users.get(try call.id(0), permit)
            },
            .taking(
                .patch, "/v1/users/{user_id}", "Change a person's name or role; a new role ends all sessions", UsersWrite.self,
                UpdateUser.input, answers: User.output
            ) { call, permit, input throws(Fault) in
                try await users.update(try call.id(0), input, permit)
            }.sensitive,
            .plain(
                .post, "/v1/users/{user_id}/disable",
                "Let a person not log in for now; all sessions end, and API keys, which are the organisation's, stay",
                UsersWrite.self,
                answers: User.output
            ) { call, permit throws(Fault) in
                try await users.disable(try call.id(0), permit)
            }.sensitive,
            .plain(
                .post, "/v1/users/{user_id}/enable", "Let a person log in again", UsersWrite.self, answers: User.output
            ) { call, permit throws(Fault) in
                try await users.enable(try call.id(0), permit)
            }.sensitive,
            .plain(
                .post, "/v1/users/{user_id}/unlock", "Forget the wrong guesses at a person's password and codes", UsersWrite.self,
                answers: User.output
            ) { call, permit throws(Fault) in
                try await users.unlock(try call.id(0), permit)
            },
            .silent(
                .delete, "/v1/users/{user_id}", "Delete a person; API keys, which are the organisation's, stay", UsersWrite.self
            ) { call, permit throws(Fault) in
                try await users.delete(try call.id(0), permit)
            }.sensitive,
            .silent(
                .delete, "/v1/users/{user_id}/mfa", "Take off the second factor of a person who has lost it", UsersWrite.self
            ) { call, permit throws(Fault) in
                try await users.resetSecondFactor(try call.id(0), permit)
            }.sensitive,
        ]
    }

    private static func invitations(_ services: Services) -> [Endpoint] {
        let invitations = services.invitations
        return [
            .taking(
                .post, "/v1/invitations", "Invite somebody by mail, for 72 hours", UsersWrite.self, CreateInvitation.input,
                status: 201, answers: Invitation.output
            ) { call, permit, input throws(Fault) in
                try await invitations.create(input, permit)
            }.sensitive,
            .asking(
                "/v1/invitations", "List the invitations, newest first", UsersRead.self, Paging.query,
                answers: Invitation.output.page
            ) { call, permit, paging throws(Fault) in
                let before: InvitationID? = try paging.place(in: "invitations", for: permit.scope)
                let part = try await invitations.list(before: before, limit: paging.limit, order: paging.order, permit)
                return part.page(of: "invitations", in: paging.order, for: permit.scope)
            },
            .plain(
                .delete, "/v1/invitations/{invitation_id}", "Revoke an invitation", UsersWrite.self, answers: Invitation.output
            ) { call, permit throws(Fault) in
                try await invitations.revoke(try call.id(0), permit)
            },
        ]
    }
}
