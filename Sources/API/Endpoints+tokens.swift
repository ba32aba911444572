// Tokens: the keys that verify them, the next one by a refresh token, and what others ask about them (RFC 7662) and end them with (RFC 7009).

import Base
import HTTP
import Identity
import JSON
import Tenancy

extension Endpoint {
    static func tokens(_ services: Services) -> [Endpoint] {
        [
            .open("/.well-known/jwks.json", "The keys that access tokens are verified with (RFC 7517)", type: "application/json")
            {
                call throws(Fault) in
                call.answer("application/json", services.signingKeys.document, headers: "cache-control: public, max-age=300\r\n")
            }.limited(.none),
            .openTaking(
                "/v1/token/refresh", "Get the next access and refresh token; a refresh token is good once", RefreshSession.input,
                answers: NewSession.output
            ) { call, input throws(Fault) in
                call.hasCredential = true
                return try await services.sessions.refresh(input, for: call)
            },
            .takingForm(
                "/v1/token/introspect", "Ask what a token of one's tenant opens (RFC 7662)", TokensIntrospect.self,
                NamedToken.input,
                answers: TokenInspection.output
            ) { call, permit, input throws(Fault) in
                try await services.tokens.inspect(input, by: permit)
            },
            .openTakingForm(
                "/v1/token/revoke", "End what a token opens: its session, or the key itself (RFC 7009)", NamedToken.input
            ) { call, input throws(Fault) in
                try await services.tokens.revoke(input, for: call)
            },
        ]
    }
}
