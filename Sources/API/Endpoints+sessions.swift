// Sessions: one's own, those of others for who may end them, and acting as another.

import Base
import HTTP
import Identity
import JSON
import Tenancy

extension Endpoint {
    static func sessions(_ services: Services) -> [Endpoint] {
        let sessions = services.sessions
        return [
            .silent(.post, "/v1/logout", "End the session that asks", AccountRead.self) { call, permit throws(Fault) in
                try await sessions.logOut(by: permit)
                call.takeCookieAway()
            },
            .asking(
                "/v1/sessions", "List one's own sessions", AccountRead.self, Paging.query,
                answers: LoginSession.output.page
            ) { call, permit, paging throws(Fault) in
                let before: SessionID? = try paging.place(in: "sessions", for: permit.scope)
                return try await sessions.list(before: before, limit: paging.limit, order: paging.order, by: permit)
                    .page(of: "sessions", in: paging.order, for: permit.scope)
            },
            .silent(.delete, "/v1/sessions/{session_id}", "End one of one's own sessions", AccountWrite.self) {
                call, permit throws(Fault) in
                try await sessions.end(try call.id(0), by: permit)
            },
            .asking(
                "/v1/sessions", "End one's own sessions but for the one that asks", AccountWrite.self, WhichSessions.query,
                method: .delete, answers: EndedSessions.output
            ) { call, permit, which throws(Fault) in
                let ended = try await sessions.endAll(includingCurrent: which.includesCurrent, by: permit)
                if which.includesCurrent { call.takeCookieAway() }
                return ended
            },
            .plain(
                .delete, "/v1/users/{user_id}/sessions", "End all sessions of a user", UsersWrite.self,
                answers: EndedSessions.output
            ) { call, permit throws(Fault) in
                try await sessions.endAll(of: try call.id(0), by: permit)
            },
            .taking(
                .post, "/v1/users/{user_id}/impersonate",
                "Act as another user for a while, with one access token; both names stand in the audit log",
                UsersImpersonate.self,
                Impersonate.input, status: 201, answers: NewSession.output
            ) { call, permit, input throws(Fault) in
                try await sessions.impersonate(try call.id(0), input, by: permit)
            }.sensitive,
        ]
    }

    /// Which of one's own sessions are meant.
    private struct WhichSessions: Sendable {
        enum Included: String, Sendable, CaseIterable {
            case others, current
        }

        let includesCurrent: Bool

        static let query = Query<WhichSessions>("WhichSessions") { parameters in
            let included = parameters.defaulted(
                "include", .enumeration(Included.self), .others, "`current` ends the session that asks as well.")
            return WhichSessions(includesCurrent: included == .current)
        }
    }
}
