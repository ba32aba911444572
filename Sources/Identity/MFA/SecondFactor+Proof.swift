// What somebody shows for his second factor: a code of his app, or one of his recovery codes.

import JSON

extension SecondFactor {
    /// A code.
    public enum Proof: Sendable {
        /// Six digits of the app.
        case code(String)
        case recoveryCode(String)

        /// Declares the two fields, of which exactly one is given.
        static func read(_ fields: inout Fields) -> Proof {
            let code = fields.optional("code", .string(1...32), "Six digits that the app shows.")
            let recoveryCode = fields.optional("recovery_code", .string(1...64), "A recovery code, which is good once.")
            fields.refuse(
                "code", .required, "Give one of code and recovery_code.", when: (code == nil) == (recoveryCode == nil))
            return code.map(Proof.code) ?? .recoveryCode(recoveryCode ?? "")
        }
    }
}

/// A body that is a proof and nothing else.
public struct ShowSecondFactor: Sendable {
    public let proof: SecondFactor.Proof

    public static let input = Input<ShowSecondFactor>("ShowSecondFactor", "One of `code` and `recovery_code`.") { fields in
        ShowSecondFactor(proof: SecondFactor.Proof.read(&fields))
    }
}
