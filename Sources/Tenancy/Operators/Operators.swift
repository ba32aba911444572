// Who runs the installation: operators and their keys. They are made and revoked on the command line alone. A key is looked up at every
// request, so that one that is revoked is dead everywhere at once; operators' requests are few.
// Bounds: `most` operators that are not revoked.

import Base
import Crypto
import Postgres

/// The operators of an installation.
public struct Operators: Sendable {
    public static let most = 100

    /// An operator as others see him.
    public struct Operator: Sendable {
        public let id: OperatorID
        public let name: String
        public let createdAt: Timestamp
        public let revokedAt: Timestamp?
    }

    let database: Database

    public init(database: Database) {
        self.database = database
    }

    /// The permit that the key of that text opens.
    /// - Throws: `.unauthenticated`, the same whatever is wrong with it; `.unavailable` when the database can't be asked.
    public func permit(key text: [UInt8], for request: any RequestContext) async throws(Fault) -> OperatorPermit {
        guard let id = OperatorKeyText.id(in: text) else { throw Operators.refusal }
        let hash = SHA256.digest(text)
        let stored = try await database.operator { session throws(Fault) in try await session.first(Operators.hash, id) }
        guard let stored, constantTimeEqual(stored, hash.array) else { throw Operators.refusal }
        return OperatorPermit(operator: id, signingKey: Secret(hash.array), request: request)
    }

    /// Makes an operator. The text of his key is shown this once.
    /// - Throws: `.invalid` naming `name`; `.limitReached`.
    public func create(name: String) async throws(Fault) -> (id: OperatorID, key: Secret) {
        guard (1...100).contains(name.unicodeScalars.count), !name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw .invalid("name", "length", "A name has 1 to 100 characters, none of them a control character.")
        }
        let id = OperatorID.make()
        let key = OperatorKeyText.make(for: id)
        try await database.operator { session throws(Fault) in
            try await session.execute(Operators.lock)
            guard try await session.first(Operators.count) ?? 0 < Operators.most else {
                throw Fault(.limitReached, "There are \(Operators.most) operators. Revoke one first.")
            }
            try await session.execute(Operators.insert, id, name, SHA256.digest(key).array)
            try await Operators.log(.operatorCreated, id.uuid, in: session)
        }
        return (id, key)
    }

    /// All operators, newest first, revoked ones included, at most 10,000.
    public func list() async throws(Fault) -> [Operator] {
        try await database.operator { session throws(Fault) in try await session.query(Operators.all) }
    }

    /// Revokes an operator's key, for ever.
    /// - Throws: `.notFound`.
    public func revoke(_ id: OperatorID) async throws(Fault) {
        try await database.operator { session throws(Fault) in
            guard try await session.execute(Operators.revokeOne, id) == 1 else {
                throw Fault(.notFound, "There is no such operator, or his key is revoked already.")
            }
            try await Operators.log(.operatorRevoked, id.uuid, in: session)
            // Whoever he acts as, he does no longer.
            try await session.execute(TenantStatements.tellCredentials, id.description)
        }
    }

    static let refusal = Fault(.unauthenticated, "The credential is not valid.")

    /// What is done on the command line is done by nobody who has a key.
    static func log(_ action: OperatorAction, _ id: UUIDBits, in session: Session) async throws(Fault) {
        let request = InternalRequest.shared
        try await session.execute(
            OperatorAction.write, action.rawValue, nil, nil, id, nil, request.requestIDText, JSONBytes(Array("{}".utf8)))
    }

    // MARK: Statements

    private static let hash = Statement<[UInt8], OperatorID>(
        "check operator", "SELECT hash FROM operators WHERE id = $1 AND revoked_at IS NULL", repeatable: true
    ) { row throws(Fault) in try row.value(0) }

    private static let lock = Statement<Void>("lock operators", "SELECT pg_advisory_xact_lock(4849512170092)")

    private static let count = Statement<Int>(
        "count operators", "SELECT count(*) FROM operators WHERE revoked_at IS NULL"
    ) { row throws(Fault) in try row.value(0) }

    private static let insert = Statement<Void, OperatorID, String, [UInt8]>(
        "create operator", "INSERT INTO operators (id, name, hash) VALUES ($1, $2, $3)")

    private static let all = Statement<Operator>(
        "list operators", "SELECT id, name, created_at, revoked_at FROM operators ORDER BY id DESC LIMIT 10000"
    ) { row throws(Fault) in
        Operator(id: try row.value(0), name: try row.value(1), createdAt: try row.value(2), revokedAt: try row.value(3))
    }

    private static let revokeOne = Statement<Void, OperatorID>(
        "revoke operator", "UPDATE operators SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL")
}
