// The stage of POST requests that carry an Idempotency-Key: what the endpoint does and the answer it gives are one transaction, and the
// same request, sent again within a day by the same caller, gets the same answer and does nothing. A refusal is kept too, unless another
// try may well come to something else: 401, 429 and everything from 500 up.

import Base
import HTTP
import JSON
import Postgres
import Tenancy

struct IdempotencyStage: Sendable {
    /// The bytes of a key: visible ASCII.
    private static let keyBytes = 1...255

    private let database: Database
    private let keys: IdempotencyKeys

    init(database: Database, keys: IdempotencyKeys) {
        self.database = database
        self.keys = keys
    }

    /// Runs the endpoint, or gives the answer that it gave before.
    func run(_ endpoint: Endpoint, _ call: Call) async throws(Fault) {
        guard let scope = call.scope, endpoint.method == .post, let key = try IdempotencyStage.key(of: call) else {
            return try await endpoint.run(call)
        }
        let body = call.exchange.hasBody ? try await call.exchange.readBody() : []
        let request = IdempotencyKeys.Request(
            key: key, target: "\(endpoint.method.name) \(call.exchange.head.pathText)", body: body, actor: scope.actor)
        do throws(Fault) {
            try await database.transaction(scope.database) { session throws(Fault) in
                try await answer(request, endpoint, call, scope, session)
            }
        } catch {
            // What was answered was not committed.
            call.exchange.withdrawAnswer()
            try await keep(error, request, call, scope)
            throw error
        }
    }

    private func answer(
        _ request: IdempotencyKeys.Request, _ endpoint: Endpoint, _ call: Call, _ scope: TenantScope, _ session: Session
    ) async throws(Fault) {
        switch try await keys.standing(of: request, in: session, scope.tenant) {
        case .new:
            try await endpoint.run(call)
            let answer = IdempotencyKeys.Answer(
                status: call.exchange.status, revision: call.answeredRevision, body: call.exchange.answeredBody)
            try await keys.keep(answer, to: request, in: session, scope.tenant)
        case .answered(let answer):
            call.answerAgain(answer)
        case .otherBody:
            throw Fault(.idempotencyKeyReused, "This Idempotency-Key was used for another body.")
        case .inProgress:
            throw Fault(.requestInProgress, "The first request with this Idempotency-Key is under way.", retryAfterSeconds: 1)
        }
    }

    /// Keeps a refusal, whose transaction is undone, in one of its own.
    private func keep(
        _ fault: Fault, _ request: IdempotencyKeys.Request, _ call: Call, _ scope: TenantScope
    ) async throws(Fault) {
        switch fault.code {
        case .idempotencyKeyReused, .requestInProgress, .rateLimited: return
        default:
            let mayPass = fault.retryAfterSeconds != nil || fault.code.status == 401
            guard (400..<500).contains(fault.code.status), !mayPass else { return }
        }
        var body: [UInt8] = []
        Problem.write(fault, requestID: call.requestIDText, path: call.exchange.head.pathText, into: &body)
        let answer = IdempotencyKeys.Answer(status: fault.code.status, revision: nil, body: body)
        try await keys.keep(answer, to: request, in: database.once(scope.database), scope.tenant)
    }

    /// The key of the request, if it has one.
    private static func key(of call: Call) throws(Fault) -> String? {
        guard let text = call.exchange.head.headers.text(of: .idempotencyKey) else { return nil }
        guard keyBytes.contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Fault(.malformed, "Idempotency-Key is 1 to 255 visible ASCII characters.")
        }
        return text
    }
}

extension Call {
    /// Gives an answer that was given before.
    fileprivate func answerAgain(_ answer: IdempotencyKeys.Answer) {
        mark(.operated)
        exchange.respond(status: answer.status) { head in
            head.appendStatic(
                answer.status < 400 ? "content-type: application/json\r\n" : "content-type: application/problem+json\r\n")
            if let revision = answer.revision { Call.writeTag(revision, into: &head) }
            head.appendStatic("idempotent-replayed: true\r\n")
            writeHeaders(&head)
        } body: {
            $0.append(contentsOf: answer.body)
        }
    }
}
