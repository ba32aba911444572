// The caller's own second factor.

import Base
import HTTP
import Identity
import JSON
import Tenancy

extension Endpoint {
    static func mfa(_ services: Services) -> [Endpoint] {
        let factors = services.secondFactors
        return [
            .plain(.get, "/v1/account/mfa", "Read how your second factor stands", AccountRead.self, answers: MFAStatus.output) {
                call, permit throws(Fault) in
                try await factors.status(permit)
            },
            .plain(
                .post, "/v1/account/mfa/totp", "Make a secret for your authenticator app; it counts once confirmed",
                AccountWrite.self, answers: EnrolledFactor.output
            ) { call, permit throws(Fault) in
                try await factors.enrol(permit)
            }.sensitive,
            .taking(
                .post, "/v1/account/mfa/totp/confirm", "Confirm your app by a code of it; answers your recovery codes this once",
                AccountWrite.self, ConfirmSecondFactor.input, answers: RecoveryCodes.output
            ) { call, permit, input throws(Fault) in
                try await factors.confirm(input.code, permit)
            },
            .taking(
                .delete, "/v1/account/mfa/totp", "Take your second factor off", AccountWrite.self, ShowSecondFactor.input,
                answers: MFAStatus.output
            ) { call, permit, input throws(Fault) in
                try await factors.disable(input.proof, permit)
            }.sensitive,
            .taking(
                .post, "/v1/account/mfa/recovery-codes", "Make new recovery codes in place of the old ones, shown this once",
                AccountWrite.self, ShowSecondFactor.input, answers: RecoveryCodes.output
            ) { call, permit, input throws(Fault) in
                try await factors.makeRecoveryCodes(input.proof, permit)
            }.sensitive,
        ]
    }
}
