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
        guard endpoint.method == .post, let caller = call.caller, let key = try IdempotencyStage.key(of: call) else {
            return try await endpoint.run(call)
        }
        let body = call.exchange.hasBody ? try await call.exchange.readBody() : []
        let request = IdempotencyKeys.Request(
            key: key, target: "\(endpoint.method.name) \(call.exchange.head.pathText)", body: body, caller: caller)
        do throws(Fault) {
            switch caller {
            case .tenant(let tenant, _):
                try await database.transaction(.tenant(tenant)) { session throws(Fault) in
                    try await answer(request, endpoint, call, session)
                }
            case .operator:
                try await database.operatorTransaction { session throws(Fault) in
                    try await answer(request, endpoint, call, session)
                }
            }
        } catch {
            // What was answered was not committed.
            call.exchange.withdrawAnswer()
            try await keep(error, request, call)
            throw error
        }
    }

    private func answer(
        _ request: IdempotencyKeys.Request, _ endpoint: Endpoint, _ call: Call, _ session: Session
    ) async throws(Fault) {
        switch try await keys.standing(of: request, in: session) {
        case .new:
            try await endpoint.run(call)
            let answer = IdempotencyKeys.Answer(
                status: call.exchange.status, revision: call.answeredRevision, body: call.exchange.answeredBody)
            try await keys.keep(answer, to: request, in: session)
        case .answered(let answer):
            call.answerAgain(answer)
        case .otherBody:
            throw Fault(.idempotencyKeyReused, "This Idempotency-Key was used for another body.")
        case .inProgress:
            throw Fault(.requestInProgress, "The first request with this Idempotency-Key is under way.", retryAfterSeconds: 1)
        }
    }

    /// Keeps a refusal, whose transaction is undone, in one of its own.
    private func keep(_ fault: Fault, _ request: IdempotencyKeys.Request, _ call: Call) async throws(Fault) {
        switch fault.code {
        case .idempotencyKeyReused, .requestInProgress, .rateLimited: return
        default:
            let mayPass = fault.retryAfterSeconds != nil || fault.code.status == 401
            guard (400..<500).contains(fault.code.status), !mayPass else { return }
        }
        var body: [UInt8] = []
        Problem.write(fault, requestID: call.requestIDText, path: call.exchange.head.pathText, into: &body)
        let answer = IdempotencyKeys.Answer(status: fault.code.status, revision: nil, body: body)
        switch request.caller {
        case .tenant(let tenant, _): try await keys.keep(answer, to: request, in: database.once(.tenant(tenant)))
        case .operator:
            try await database.operator { session throws(Fault) in try await keys.keep(answer, to: request, in: session) }
        }
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
    /// Who is remembered to have sent the request; nobody without a credential.
    fileprivate var caller: IdempotencyKeys.Caller? {
        if let scope { return .tenant(scope.tenant, scope.actor) }
        return operatorPermit.map { .operator($0.operator) }
    }

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
