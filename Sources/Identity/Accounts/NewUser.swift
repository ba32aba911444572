// Somebody who is about to be written down, as one parameter of the statement that does it.

import Base
import JSON
import Postgres
import Tenancy

/// A new account.
struct NewUser: Sendable {
    let username: Username
    let email: String
    let name: String
    let role: RoleReference
    let hash: String
    let state: User.State

    private var json: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        for (key, value) in [
            ("username", username.text), ("email", email), ("name", name), ("hash", hash), ("state", state.rawValue),
        ] {
            writer.key(name: key)
            writer.string(value)
        }
        switch role {
        case .builtIn(let role):
            writer.key("role")
            writer.string(role.rawValue)
        case .custom(let id):
            writer.key("role_id")
            writer.string(id.uuid.description)
        }
        writer.endObject()
        return writer.finish()
    }
}

extension NewUser: PostgresParameter {
    static var postgresType: PostgresType { JSONBytes.postgresType }

    func write(into buffer: ParameterBuffer) { JSONBytes(json).write(into: buffer) }
}
