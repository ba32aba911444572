// The keys that sign access tokens, the same for all nodes: one in use, one that was made and published long before its time, and those
// before, until all their tokens are out. Which one signs is decided by its moment and the database's clock alone, so that nodes agree.
// Shared by all loops behind a mutex. Bounds: `kept` keys; an unknown key is looked for at most once a second.

import Base
import Crypto
import Loop
import Postgres
import Synchronization

/// The signing keys of the installation.
public final class SigningKeys: Sendable {
    /// What nodes listen on to read the keys again.
    public static let channel = "insula_signing_keys"
    public static let rotationDays = 30
    static let kept = 16
    static let betweenReadsMilliseconds = 60_000
    static let betweenLooksMilliseconds = 1_000
    static let retryMilliseconds = 1_000

    /// A key that signs.
    struct Key: Sendable {
        /// Its `kid`.
        let id: String
        let activatesAt: Timestamp
        let privateKey: Ed25519PrivateKey
    }

    private struct Known {
        /// The latest first.
        var keys: [Key] = []
        var published = JSONWebKeySet([])
        var document: [UInt8] = []
        var readAt: Instant?
    }

    private let database: Database
    private let sealing: SealingKey
    private let known = Mutex<Known>(Known())
    private let life = Mutex<(task: Task<Void, Never>, sleeper: Sleeper)?>(nil)
    private let isStopped = Atomic<Bool>(false)

    public init(database: Database, rootKey: RootKey) {
        self.database = database
        sealing = rootKey.sealingKey("signing-keys")
    }

    // MARK: Using them

    /// The published keys, as a document (RFC 7517).
    public var document: [UInt8] { known.withLock { $0.document } }

    /// The keys that tokens are verified with.
    var published: JSONWebKeySet { known.withLock { $0.published } }

    /// The key that signs what is signed at `moment`.
    /// - Throws: `.unavailable` while none is known.
    func active(at moment: Timestamp) throws(Fault) -> Key {
        let keys = known.withLock { $0.keys }
        guard let key = keys.first(where: { $0.activatesAt <= moment }) ?? keys.last else {
            throw Fault(.unavailable, "Tokens cannot be signed yet.", retryAfterSeconds: 1, cause: "no signing key is known")
        }
        return key
    }

    /// Reads the keys again because a token names one that is not known; `false` when that was done a moment ago.
    func lookAgain() async throws(Fault) -> Bool {
        let now = Instant.now
        let mayLook = known.withLock { known in
            guard let before = known.readAt else { return true }
            guard now.milliseconds(since: before) >= SigningKeys.betweenLooksMilliseconds else { return false }
            known.readAt = now
            return true
        }
        if mayLook { try await read() }
        return mayLook
    }

    // MARK: Keeping them

    /// Reads the keys, makes those that are missing, and goes on doing so until `stop`.
    /// - Throws: as `Database.session`.
    public func start(on loop: EventLoop) async throws(Fault) {
        try await maintain()
        let sleeper = Sleeper(loop: loop)
        let task = loop.spawn { await self.live(sleeper) }
        life.withLock { $0 = (task, sleeper) }
    }

    /// Ends what `start` began. On its loop.
    public func stop() async {
        isStopped.store(true, ordering: .releasing)
        guard let (task, sleeper) = life.withLock({ $0 }) else { return }
        sleeper.wake()
        await task.value
    }

    /// Another node changed the keys. On the loop of `start`.
    public func changed() {
        life.withLock { $0 }?.sleeper.wake()
    }

    private func live(_ sleeper: Sleeper) async {
        var pause = SigningKeys.betweenReadsMilliseconds
        while !isStopped.load(ordering: .acquiring) {
            await sleeper.wait(until: Instant.now.advanced(milliseconds: pause))
            if isStopped.load(ordering: .acquiring) { return }
            do throws(Fault) {
                try await maintain()
                pause = SigningKeys.betweenReadsMilliseconds
            } catch {
                pause = SigningKeys.retryMilliseconds
                Log.write(.warning, "the signing keys could not be read", ["cause": .text(error.cause ?? error.message)])
            }
        }
    }

    /// Lets the next key sign from now on, and makes one to come after it. The tokens of the one before stay good.
    /// - Throws: `.limitReached` when as many keys as are kept still have tokens out.
    public func rotate() async throws(Fault) {
        try await database.once(.none).execute(SigningKeys.retire)
        guard try await database.once(.none).execute(SigningKeys.activate, SigningKeys.kept) > 0 else {
            guard try await database.once(.none).first(SigningKeys.count) ?? 0 >= SigningKeys.kept else {
                // Another node was first.
                return try await maintain()
            }
            throw Fault(
                .limitReached,
                "\(SigningKeys.kept) signing keys have tokens that are still good. The oldest goes within two hours.")
        }
        Log.write(.info, "signing key rotated")
        try await maintain()
    }

    /// Makes keys until there is one in use and one to come, forgets those whose tokens are all out, and reads what is there.
    private func maintain() async throws(Fault) {
        // The first one at all is in use at once; the next is then the one to come.
        for _ in 0..<2 {
            let new = Ed25519PrivateKey.generate()
            let id = SigningKeys.id(of: new.publicKey)
            try await database.once(.none).execute(
                SigningKeys.insert, id, new.publicKey.bytes, sealing.seal(new.seed, binding: SigningKeys.binding(id)),
                SigningKeys.rotationDays)
        }
        try await database.once(.none).execute(SigningKeys.retire)
        try await read()
    }

    private func read() async throws(Fault) {
        let rows = try await database.once(.none).query(SigningKeys.list, SigningKeys.kept)
        var keys: [Key] = []
        var published: [JSONWebKey] = []
        for row in rows {
            guard let publicKey = Ed25519PublicKey(row.publicKey) else { throw Authenticator.malformed("a signing key") }
            published.append(JSONWebKey(publicKey, keyID: row.id))
            do throws(Fault) {
                let seed = try sealing.open(row.sealed, binding: SigningKeys.binding(row.id))
                guard let key = Ed25519PrivateKey(seed: seed) else { throw Authenticator.malformed("a signing key") }
                keys.append(Key(id: row.id, activatesAt: row.activatesAt, privateKey: key))
            } catch {
                // Sealed under another root key: it still verifies, and can't sign here.
                Log.write(.error, "a signing key does not open", ["key": .text(row.id), "cause": .text(error.cause ?? "")])
            }
        }
        let set = JSONWebKeySet(published)
        known.withLock { known in
            known.keys = keys
            known.published = set
            known.document = set.bytes
            known.readAt = Instant.now
        }
    }

    /// The beginning of the key's thumbprint (RFC 7638): short, since every token carries it.
    private static func id(of key: Ed25519PublicKey) -> String {
        let members = #"{"crv":"Ed25519","kty":"OKP","x":"\#(Base64.url.encode(key.bytes))"}"#
        return Base64.url.encode(Array(SHA256.digest(Array(members.utf8)).array.prefix(12)))
    }

    private static func binding(_ id: String) -> [UInt8] { Array("signing key \(id)".utf8) }

    // MARK: Statements

    private struct Row {
        let id: String
        let publicKey: [UInt8]
        let sealed: [UInt8]
        let activatesAt: Timestamp
    }

    private static let list = Statement<Row, Int>(
        "list signing keys",
        "SELECT key_id, public_key, sealed_key, activates_at FROM signing_keys ORDER BY activates_at DESC, generation DESC LIMIT $1",
        repeatable: true
    ) { row throws(Fault) in
        Row(id: try row.value(0), publicKey: try row.value(1), sealed: try row.value(2), activatesAt: try row.value(3))
    }

    /// One statement decides: of nodes that find no key to come, one makes it.
    private static let insert = Statement<Void, String, [UInt8], [UInt8], Int>(
        "make signing key",
        """
        WITH made AS (
            INSERT INTO signing_keys (generation, key_id, public_key, sealed_key, activates_at)
            SELECT coalesce(max(generation), 0) + 1, $1, $2, $3,
                CASE WHEN max(generation) IS NULL THEN now()
                    ELSE greatest(max(activates_at) + make_interval(days => $4::int), now() + interval '1 day') END
            FROM signing_keys HAVING count(*) FILTER (WHERE activates_at > now()) = 0
            ON CONFLICT DO NOTHING
            RETURNING 1
        )
        SELECT pg_notify('\(channel)', '') FROM made
        """)

    private static let count = Statement<Int>("count signing keys", "SELECT count(*) FROM signing_keys") { row throws(Fault) in
        try row.value(0)
    }

    /// Unless there are `$1` of them: the next would take the place of one whose tokens are still good.
    private static let activate = Statement<Void, Int>(
        "activate signing key",
        """
        WITH activated AS (
            UPDATE signing_keys SET activates_at = now()
            WHERE activates_at > now() AND generation = (SELECT max(generation) FROM signing_keys)
                AND (SELECT count(*) FROM signing_keys) < $1
            RETURNING 1
        )
        SELECT pg_notify('\(channel)', '') FROM activated
        """)

    /// The longest token is good for an hour after the next key began.
    private static let retire = Statement<Void>(
        "retire signing keys",
        """
        DELETE FROM signing_keys k WHERE EXISTS (
            SELECT FROM signing_keys n WHERE n.generation > k.generation AND n.activates_at < now() - interval '2 hours')
        """)
}
