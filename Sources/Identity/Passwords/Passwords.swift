// Passwords on threads of their own: argon2id is slow and large by design, so that neither a storm of logins nor one of guesses may take
// the cores or the memory of everything else. Text is brought to NFC before it is hashed, and never cut.
// Bounds: `threads` hashes at once, each with the memory of its parameters, and `waitingPerThread` jobs in line for each thread; one more
// is refused with 503. A place belongs to the job: a caller that goes away frees none.

import Base
import Crypto
import Foundation
import Loop
import Synchronization

/// Hashing and checking of passwords.
public final class Passwords: Sendable {
    /// Jobs that wait for a thread: some three seconds of work at the standard parameters.
    public static let waitingPerThread = 128

    /// Who logs in waits some milliseconds in any case; requests that take less than one are not to wait for him.
    private static let niceness: Int32 = 10

    /// What a hash costs that is made now.
    public let parameters: Password.Parameters
    /// How many hashes are computed at once.
    public let threads: Int
    private let pool: BlockingPool
    /// Checked for accounts that don't exist. It belongs to no password.
    private let decoy: String
    private let running = Atomic<Int>(0)
    private let mostRunning = Atomic<Int>(0)
    private let refused = Counter()
    private let done = Counter()

    /// The outcome of a check.
    public struct Verdict: Sendable {
        /// Whether it was the password.
        public let isRight: Bool
        /// A new hash of the right password when the stored one was made with less than is asked for now; to be stored.
        public let renewed: String?
    }

    /// - Parameters:
    ///   - parameters: what a new hash costs; stored ones that cost less are renewed when their password is next given.
    ///   - threads: how many hashes at once, each of them a core and `parameters.memoryKibibytes` while it lasts.
    ///   - waiting: how many may wait; `waitingPerThread` for each thread when left out.
    public init(parameters: Password.Parameters = .standard, threads: Int, waiting: Int? = nil) {
        self.parameters = parameters
        self.threads = threads
        pool = BlockingPool(
            name: "passwords", threads: threads, queueLimit: waiting ?? threads * Passwords.waitingPerThread,
            niceness: Passwords.niceness)
        decoy = Password.decoy(parameters: parameters)
    }

    /// A new hash of `password`, to be stored.
    /// - Throws: `.invalid` for what has no byte or more than 512 of them; `.overloaded` when too many wait.
    public func hash(_ password: String) async throws(Fault) -> String {
        let text = Passwords.canonical(password)
        return try await run { [parameters] () throws(Fault) in try Password.hash(text, parameters: parameters) }
    }

    /// Checks `password` against a stored hash, or against nobody's when there is none, in the same time.
    /// - Parameters:
    ///   - stored: what `hash` gave; `nil` when the account does not exist.
    ///   - renews: whether a right password gets a new hash when the stored one costs less than one made now. Only where it opens
    ///     something: elsewhere the second hash would tell by its time that the password is right.
    /// - Throws: `.overloaded` when too many wait; `.internalError` when the stored hash is malformed.
    public func check(_ password: String, against stored: String?, renews: Bool = false) async throws(Fault) -> Verdict {
        let text = Passwords.canonical(password)
        let wanted = stored ?? decoy
        return try await run { [parameters] () throws(Fault) in
            let isRight = try Password.verify(text, against: wanted) && stored != nil
            guard renews, isRight, Password.needsRehash(wanted, parameters: parameters) else {
                return Verdict(isRight: isRight, renewed: nil)
            }
            return Verdict(isRight: true, renewed: try Password.hash(text, parameters: parameters))
        }
    }

    /// One spelling for texts that look the same and mean the same (Unicode, NFC). Compatible forms stay apart: they are no typing errors.
    static func canonical(_ password: String) -> Secret {
        Secret(password.precomposedStringWithCanonicalMapping)
    }

    private func run<Value: Sendable>(_ body: @escaping @Sendable () throws(Fault) -> Value) async throws(Fault) -> Value {
        do throws(Fault) {
            return try await pool.run { [self] () throws(Fault) in
                let now = running.add(1, ordering: .relaxed).newValue
                mostRunning.max(now, ordering: .relaxed)
                defer {
                    running.subtract(1, ordering: .relaxed)
                    done.add()
                }
                return try body()
            }
        } catch {
            if error.code == .overloaded { refused.add() }
            throw error
        }
    }

    // MARK: Figures

    /// How many hashes were computed, how many of them at once at most, and how many were refused since too many waited.
    public var figures: (done: Int, mostRunning: Int, refused: Int) {
        (Int(done.current), mostRunning.load(ordering: .relaxed), Int(refused.current))
    }

    /// The figures for a scrape.
    public func writeMetrics(to text: inout MetricsText) {
        text.family("insula_password_hashes_total", "counter", "Password hashes computed.")
        text.sample("insula_password_hashes_total", "", done.current)
        text.family("insula_password_refusals_total", "counter", "Password checks refused because too many waited.")
        text.sample("insula_password_refusals_total", "", refused.current)
        text.family("insula_password_hashes_running", "gauge", "Password hashes being computed.")
        text.sample("insula_password_hashes_running", "", running.load(ordering: .relaxed))
        text.family("insula_password_hashes_running_most", "gauge", "Most password hashes that were computed at once.")
        text.sample("insula_password_hashes_running_most", "", mostRunning.load(ordering: .relaxed))
    }
}
