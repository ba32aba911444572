// What tests do to a server past its API: statements as superuser, and addresses that nobody else calls from.

import Base
import Postgres
import Synchronization

extension TestServer {
    private static let addresses = Atomic<UInt32>(0)

    /// A header by which a request comes from an address of its own, since the server takes loopback for a proxy.
    public static func ownAddress() -> (String, String) {
        // 10.0.0.0/8 has more addresses than tests have requests.
        let number = addresses.add(1, ordering: .relaxed).newValue
        return ("x-forwarded-for", "10.\(number >> 16 & 255).\(number >> 8 & 255).\(number & 255)")
    }

    /// The rows of a statement with parameters as text, run past all policies.
    @discardableResult public func rows(
        _ sql: String, _ parameters: any CustomStringConvertible...
    ) throws(Fault) -> [[String?]] {
        try database.connectAsSuperuser().rows(sql, parameters.map(\.description))
    }

    /// Makes attempts as if none had been made.
    /// - Parameter name: what is counted and whose, such as `second factor` and a user's id.
    public func forgetGuesses(_ purpose: String, _ name: String) throws(Fault) {
        _ = try rows("DELETE FROM guess_budgets WHERE key = sha256($1::bytea)", "\(purpose)\\000\(name)")
    }
}
