// One attempt to deliver a mail that this node holds: read it in the scope of its tenant, hand it over, and write down how that ended. A
// database that is away is waited for, since a mail that was handed over and is not known to be would be sent again.

import Base
import HTTP
import Loop
import Postgres

/// Carries attempts out. On the loop of the delivery.
struct MailAttempts: Sendable {
    static let firstWaitMilliseconds = 100
    static let mostWaitMilliseconds = 2_000

    /// What became of the attempt.
    enum Outcome: Equatable {
        case sent
        case failed
        case retried
        /// Nothing was written: the lease is lost, or still to be handed back.
        case left
    }

    let database: Database
    let outbox: MailOutbox
    let settings: MailSettings
    let transport: MailTransport
    let node: NodeID

    /// - Parameter patienceMilliseconds: how long a database that is away is waited for at the end.
    func perform(_ claim: MailClaim, patienceMilliseconds: Int) async -> Outcome {
        guard claim.attempt <= MailSchedule.attemptLimit else {
            let failure = DeliveryFailure("the nodes that sent it were lost", isPermanent: true)
            return await conclude(claim, failure, patienceMilliseconds)
        }
        do throws(DeliveryFailure) {
            guard let mail = try await read(claim) else { return .left }
            try await transport.deliver(mail)
        } catch {
            // Broken off by the end of this node: the attempt does not count.
            if Task.isCancelled { return .left }
            return await conclude(claim, error, patienceMilliseconds)
        }
        if case .folder(let folder) = transport {
            Log.write(.info, "mail written", ["file": .text(folder.file(of: claim.mail))])
        }
        let isHeld = await write(claim, patienceMilliseconds) { (lane) async throws(Fault) in
            try await lane.execute(OutboxStatements.sent, claim.mail, claim.attempt, node)
        }
        return isHeld ? .sent : .left
    }

    /// The mail as it is to be sent; `nil` when this node holds it no more.
    func read(_ claim: MailClaim) async throws(DeliveryFailure) -> RenderedMail? {
        do throws(Fault) {
            let stored = try await database.once(.tenant(claim.tenant)).first(
                OutboxStatements.content, claim.mail, claim.attempt, node)
            guard let stored else { return nil }
            let message = try outbox.seal.open(stored.content, claim.tenant, claim.mail)
            return RenderedMail(
                message, id: claim.mail, from: settings.sender, host: settings.host.description, date: stored.createdAt)
        } catch {
            throw DeliveryFailure("outbox: \(error.message)")
        }
    }

    /// Writes down that an attempt failed, and when the next one follows, if one does.
    private func conclude(_ claim: MailClaim, _ failure: DeliveryFailure, _ patienceMilliseconds: Int) async -> Outcome {
        let reason = String(failure.reason.prefix(200))
        let wait = MailSchedule.waitMilliseconds(afterAttempt: claim.attempt, random: Double.random(in: 0..<1))
        let isHeld: Bool
        if let wait, !failure.isPermanent {
            isHeld = await write(claim, patienceMilliseconds) { (lane) async throws(Fault) in
                try await lane.execute(OutboxStatements.retry, claim.mail, claim.attempt, node, reason, wait)
            }
            guard isHeld else { return .left }
            Log.write(
                .warning, "a mail was not delivered and will be tried again",
                [
                    "mail": .text("\(claim.mail)"), "attempt": .number(claim.attempt), "reason": .text(reason),
                    "wait_seconds": .number(wait / 1000),
                ])
            return .retried
        }
        isHeld = await write(claim, patienceMilliseconds) { (lane) async throws(Fault) in
            try await lane.execute(OutboxStatements.failed, claim.mail, claim.attempt, node, reason)
        }
        guard isHeld else { return .left }
        Log.write(
            .error, "a mail could not be delivered",
            ["mail": .text("\(claim.mail)"), "attempt": .number(claim.attempt), "reason": .text(reason)])
        return .failed
    }

    /// Repeats a write in the scope of the tenant while the database is away.
    /// - Returns: whether this node still held the mail; `false` too when patience ended.
    private func write(
        _ claim: MailClaim, _ patienceMilliseconds: Int, _ body: (Once) async throws(Fault) -> Int
    ) async -> Bool {
        let deadline = Instant.now.advanced(milliseconds: patienceMilliseconds)
        var wait = MailAttempts.firstWaitMilliseconds
        while true {
            do throws(Fault) {
                return try await body(database.once(.tenant(claim.tenant))) > 0
            } catch {
                let isLate = Instant.now >= deadline || Task.isCancelled
                guard !isLate, let loop = EventLoop.current else {
                    Log.write(
                        .warning, "how an attempt to send a mail ended could not be written down",
                        ["mail": .text("\(claim.mail)"), "cause": .text(error.cause ?? error.message)])
                    return false
                }
                await loop.sleep(milliseconds: wait)
                wait = min(wait * 2, MailAttempts.mostWaitMilliseconds)
            }
        }
    }
}
