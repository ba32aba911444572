// Answers to requests that carry an Idempotency-Key, kept for a day. Who asks first takes a lock that ends with his transaction, does
// what is asked for and writes the answer in that same transaction; whoever asks again gets that answer. A crash leaves neither.
// Bounds: an answer of `answerBytes`; what is older than a day is removed by housekeeping.

import Base
import Crypto
import Postgres

/// The first answers, by caller and key.
public struct IdempotencyKeys: Sendable {
    /// The most bytes of an answer that is kept.
    public static let answerBytes = 1 << 20

    /// Who sent a request.
    public enum Caller: Sendable {
        case tenant(TenantID, TenantScope.Actor)
        case `operator`(OperatorID)

        /// Whose answers his are kept among.
        var owner: UUIDBits {
            switch self {
            case .tenant(let id, _): id.uuid
            case .operator(let id): id.uuid
            }
        }

        /// What tells him from all other callers.
        var name: String {
            switch self {
            case .tenant(_, .key(let id)): id.description
            case .tenant(_, .user(let id, _)): id.description
            case .operator(let id): id.description
            }
        }

        fileprivate var table: Table {
            switch self {
            case .tenant: .tenants
            case .operator: .operators
            }
        }
    }

    /// A request as it is recognised.
    public struct Request: Sendable {
        public let caller: Caller
        let id: SHA256.Digest
        let hash: SHA256.Digest

        /// - Parameters:
        ///   - key: the text that the caller chose.
        ///   - target: method and path; a key is good for one.
        ///   - body: what must be the same when the key is.
        public init(key: String, target: String, body: [UInt8], caller: Caller) {
            self.caller = caller
            id = SHA256.digest(Array("\(caller.name)\n\(target)\n\(key)".utf8))
            hash = SHA256.digest(body)
        }
    }

    /// An answer to give again.
    public struct Answer: Sendable {
        public let status: Int
        /// What the `ETag` said.
        public let revision: Int?
        public let body: [UInt8]

        public init(status: Int, revision: Int?, body: [UInt8]) {
            self.status = status
            self.revision = revision
            self.body = body
        }
    }

    /// What is known of a request.
    public enum Standing: Sendable {
        /// Nothing: it is to be done now, under the lock that was taken.
        case new
        case answered(Answer)
        /// The key was used for another body.
        case otherBody
        /// The first request is under way.
        case inProgress
    }

    private let sealing: SealingKey

    /// - Parameter sealing: answers may hold what is shown once, and are sealed.
    public init(sealing: SealingKey) {
        self.sealing = sealing
    }

    /// What is known of `request`. Takes its lock for as long as the session lasts.
    public func standing(of request: Request, in session: Session) async throws(Fault) -> Standing {
        var batch = session.batch()
        let lock = batch.add(IdempotencyKeys.lock, Array(request.id.array.prefix(8)), request.caller.owner)
        let kept = batch.add(request.caller.table.find, request.id.array, request.caller.owner)
        let results = try await batch.run()
        guard try results.first(lock) == true else { return .inProgress }
        guard let row = try results.first(kept) else { return .new }
        guard row.hash == request.hash.array else { return .otherBody }
        let body = try sealing.open(row.body, binding: IdempotencyKeys.binding(request))
        return .answered(
            Answer(status: row.status, revision: row.revision, body: unsafe body.withBytes { unsafe Array($0) }))
    }

    /// Keeps the answer to `request`, with `runner`'s next commit.
    public func keep(
        _ answer: Answer, to request: Request, in runner: some StatementRunner
    ) async throws(Fault) {
        guard answer.body.count <= IdempotencyKeys.answerBytes else {
            throw Fault(.internalError, "The server could not do it.", cause: "an answer is too large to be kept")
        }
        let body = sealing.seal(answer.body, binding: IdempotencyKeys.binding(request))
        try await runner.execute(
            request.caller.table.insert, request.caller.owner, request.id.array, request.hash.array, answer.status,
            answer.revision, body)
    }

    /// What a sealed answer belongs to, so that it opens nowhere else.
    private static func binding(_ request: Request) -> [UInt8] {
        let owner =
            switch request.caller {
            case .tenant(let id, _): id.description
            case .operator(let id): id.description
            }
        return Array("idempotency\n\(owner)\n".utf8) + request.id.array
    }

    // MARK: Statements

    fileprivate struct Row: Sendable {
        let hash: [UInt8]
        let status: Int
        let revision: Int?
        let body: [UInt8]
    }

    private static let lock = Statement<Bool, [UInt8], UUIDBits>(
        "lock idempotency key", "SELECT pg_try_advisory_xact_lock(hashtextextended(encode($1, 'hex') || $2::text, 2))"
    ) { row throws(Fault) in try row.value(0) }

    /// Where answers are kept: tenants' under the policy of their tenant, operators' apart.
    fileprivate struct Table: Sendable {
        static let tenants = Table("idempotency_keys", ownedBy: "tenant_id")
        static let operators = Table("operator_idempotency_keys", ownedBy: "operator_id")

        let find: Statement<Row, [UInt8], UUIDBits>
        let insert: Statement<Void, UUIDBits, [UInt8], [UInt8], Int, Int?, [UInt8]>

        private init(_ table: String, ownedBy owner: String) {
            find = Statement(
                "answer by key in \(table)",
                """
                SELECT request_hash, status::bigint, revision, body FROM \(table)
                WHERE id = $1 AND \(owner) = $2 AND expires_at > now()
                """
            ) { row throws(Fault) in
                Row(hash: try row.value(0), status: try row.value(1), revision: try row.value(2), body: try row.value(3))
            }
            insert = Statement(
                "keep answer in \(table)",
                """
                INSERT INTO \(table) AS k (\(owner), id, request_hash, status, revision, body) VALUES ($1, $2, $3, $4, $5, $6)
                ON CONFLICT (\(owner), id) DO UPDATE
                SET request_hash = excluded.request_hash, status = excluded.status, revision = excluded.revision,
                    body = excluded.body, expires_at = excluded.expires_at
                WHERE k.expires_at <= now()
                """)
        }
    }
}
