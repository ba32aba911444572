// How often may be guessed. Attempts are counted in the database before the guess is looked at, so that neither many connections nor many
// nodes nor a restart give more of them; when the count can't be taken, nothing is tried.
// The numbers. A name takes 10 attempts, then waits of 1, 2, 4 … 60 minutes between further ones: 17 in the first two hours, 24 a day
// after. A name can be spelled in at most six ways that count apart (the tenant by slug, by id or left out; username or e-mail), which
// makes 144 guesses a day: 10^6 take 19 years. An address takes 100, then waits of up to 5 minutes: 10^6 take more than a year, whatever
// the names. A second factor takes 10, then waits of up to a day, some 3 a day: with three of 10^6 codes good at a time, that takes 300 years.
// Names that nobody has are counted like those of people. A known device has a budget of its own, which no stranger can use up.
// Bounds: what was quiet for its rule's `forgottenSeconds` counts as new, and is deleted by and by: some attempts sweep `sweptAtOnce` rows
// that no rule remembers.

import Base
import Crypto
import Postgres
import Tenancy

/// Durable budgets of attempts, which fail closed.
struct GuessBudgets: Sendable {
    /// How many attempts are free, and how long each further one has to wait.
    struct Rule: Sendable {
        let attempts: Int
        let firstWaitSeconds: Int
        let mostWaitSeconds: Int
        let forgottenSeconds: Int

        static let account = Rule(attempts: 10, firstWaitSeconds: 60, mostWaitSeconds: 3_600, forgottenSeconds: 86_400)
        static let address = Rule(attempts: 100, firstWaitSeconds: 5, mostWaitSeconds: 300, forgottenSeconds: 3_600)
        static let secondFactor = Rule(attempts: 10, firstWaitSeconds: 60, mostWaitSeconds: 86_400, forgottenSeconds: 604_800)
        /// Mail that anybody may ask for, to one address: enough for whoever waits for it, and no flood.
        static let mail = Rule(attempts: 5, firstWaitSeconds: 60, mostWaitSeconds: 600, forgottenSeconds: 86_400)
    }

    /// What is guessed at.
    struct Subject: Sendable {
        let key: [UInt8]
        let rule: Rule

        private init(_ purpose: String, _ name: String, _ rule: Rule) {
            key = SHA256.digest(Array("\(purpose)\u{0}\(name)".utf8)).array
            self.rule = rule
        }

        /// A name as somebody spells it, whether or not anybody has it.
        static func account(_ naming: TenantNaming, _ name: String) -> Subject {
            Subject("login account", "\(naming.subject)\u{0}\(name)", .account)
        }

        /// Whoever calls from an address, or from the same network of version 6.
        static func address(_ block: String?) -> Subject { Subject("login address", block ?? "none", .address) }

        static func device(_ device: DeviceToken) -> Subject { Subject("login device", device.id.description, .account) }

        static func secondFactor(_ user: UserID) -> Subject { Subject("second factor", user.description, .secondFactor) }

        /// Mail to an address, whether or not anybody has it.
        static func mail(_ naming: TenantNaming, _ address: String) -> Subject {
            Subject("mail", "\(naming.subject)\u{0}\(address)", .mail)
        }

        static func mail(_ tenant: TenantID, _ address: String) -> Subject {
            Subject("mail", "\(tenant)\u{0}\(address)", .mail)
        }

        /// Mail to whoever is said to want a tenant of his own.
        static func signUpMail(_ address: String) -> Subject { Subject("sign-up mail", address, .mail) }

        /// The password of somebody who is logged in.
        static func stepUp(_ user: UserID) -> Subject { Subject("step-up", user.description, .account) }
    }

    /// One attempt in so many sweeps, which is often enough that rows go faster than they come.
    static let attemptsPerSweep = 64
    static let sweptAtOnce = 500

    let database: Database

    /// Takes an attempt from each budget.
    /// - Throws: `.rateLimited` with the longest wait when one of them has none. What was taken from the others stays taken.
    func take(_ subjects: [Subject]) async throws(Fault) {
        // No tenant's scope, so that it is committed whatever becomes of a transaction that surrounds the caller.
        var batch = database.once(.none).batch()
        var slots: [(taken: BatchSlot<Void>, wait: BatchSlot<Int>)] = []
        // In one order, whoever asks: two who take the same budgets must not wait for each other.
        for subject in subjects.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            let rule = subject.rule
            slots.append(
                (
                    batch.add(
                        GuessBudgets.take, subject.key, rule.attempts, rule.firstWaitSeconds, rule.mostWaitSeconds,
                        rule.forgottenSeconds), batch.add(GuessBudgets.wait, subject.key)
                ))
        }
        if Int.random(in: 0..<GuessBudgets.attemptsPerSweep) == 0 { batch.add(GuessBudgets.sweep, GuessBudgets.sweptAtOnce) }
        let results = try await batch.run()
        var wait = 0
        for slot in slots where results.affected(slot.taken) == 0 { wait = max(wait, try results.first(slot.wait) ?? 1) }
        if wait > 0 {
            throw Fault(.rateLimited, "There were too many failed attempts. Try again later.", retryAfterSeconds: wait)
        }
    }

    /// Gives back the attempt that was taken last, since it was no wrong guess.
    func giveBack(_ subjects: [Subject]) async throws(Fault) {
        var batch = database.once(.none).batch()
        for subject in subjects.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            batch.add(GuessBudgets.giveBack, subject.key, subject.rule.attempts)
        }
        _ = try await batch.run()
    }

    /// Makes the budgets as if nothing had been tried.
    func reset(_ subjects: [Subject]) async throws(Fault) {
        try await database.once(.none).execute(GuessBudgets.reset, subjects.map(\.key))
    }

    // MARK: Statements

    static let statements: [any AnyStatement] = [take, wait, giveBack, reset]

    /// Changes a row exactly when the attempt is taken.
    private static let take = Statement<Void, [UInt8], Int, Int, Int, Int>(
        "take attempt",
        """
        INSERT INTO guess_budgets AS b (key, attempts, free_at, attempted_at)
        VALUES ($1, 1, clock_timestamp(), clock_timestamp())
        ON CONFLICT (key) DO UPDATE SET
            attempts = CASE WHEN b.attempted_at < clock_timestamp() - $5 * interval '1 second' THEN 1 ELSE b.attempts + 1 END,
            free_at = CASE
                WHEN b.attempts + 1 < $2 OR b.attempted_at < clock_timestamp() - $5 * interval '1 second' THEN clock_timestamp()
                ELSE clock_timestamp() + least($4, $3 * power(2, least(b.attempts + 1 - $2, 30))) * interval '1 second' END,
            attempted_at = clock_timestamp()
        WHERE b.free_at <= clock_timestamp()
        """)

    private static let wait = Statement<Int, [UInt8]>(
        "wait for attempt",
        "SELECT greatest(1, ceil(extract(epoch FROM free_at - clock_timestamp())))::int FROM guess_budgets WHERE key = $1"
    ) { row throws(Fault) in try row.value(0) }

    private static let giveBack = Statement<Void, [UInt8], Int>(
        "give attempt back",
        """
        UPDATE guess_budgets SET attempts = greatest(0, attempts - 1),
            free_at = CASE WHEN attempts <= $2 THEN clock_timestamp() ELSE free_at END
        WHERE key = $1
        """)

    /// Removes what was quiet for longer than any rule remembers, past rows that somebody is at.
    static let sweep = Statement<Void, Int>(
        "sweep attempts",
        """
        DELETE FROM guess_budgets WHERE key IN (
            SELECT key FROM guess_budgets WHERE attempted_at < now() - interval '8 days' LIMIT $1 FOR UPDATE SKIP LOCKED)
        """)

    private static let reset = Statement<Void, [[UInt8]]>(
        "reset attempts",
        "DELETE FROM guess_budgets WHERE key IN (SELECT key FROM guess_budgets WHERE key = ANY ($1) ORDER BY key FOR UPDATE)")
}
