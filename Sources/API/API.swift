// The straight line of a request, on one screen: name it, route it, authenticate it, scope it, limit it, let its endpoint validate,
// operate and answer, and write down what happened. Every request takes these steps in this order, and no handler sees more of it
// than its permit and its input.

import Base
import HTTP
import Identity
import Loop
import Tenancy

/// The native API as a responder.
public final class API: Responder {
    let services: Services
    let endpoints: [Endpoint]
    let metrics: RequestMetrics
    private let router: Router
    private let loops: [LoopState]
    private let rates: RateStage
    private let concurrency: ConcurrencyLimit
    private let origins: Origins
    /// Whose pages may send a session's cookie with what changes something.
    private let ownOrigins: OwnOrigins
    private let idempotency: IdempotencyStage

    public init(_ services: Services, loopCount: Int) {
        self.services = services
        // A process that only works says how it is, and nothing else.
        endpoints = Endpoint.all(services).filter { services.configuration.role != .worker || $0.isQuiet }
        router = Router(endpoints.map { Router.Route($0.method, $0.path) })
        metrics = RequestMetrics(endpoints)
        let origins = Origins(services.configuration.corsOrigins)
        self.origins = origins
        ownOrigins = OwnOrigins(services.configuration)
        loops = (0..<loopCount).map { _ in LoopState(variesByOrigin: origins.areConfigured, proxies: services.proxies) }
        rates = RateStage(
            services.limiter, anonymousPerMinute: services.configuration.anonymousPerMinute,
            authenticationPerSecond: services.configuration.authenticationPerSecond)
        idempotency = IdempotencyStage(database: services.database, keys: services.idempotencyKeys)
        concurrency = ConcurrencyLimit(loopCount: loopCount)
        services.describe(endpoints, metrics)
    }

    /// The OpenAPI 3.1 document.
    public var openAPI: [UInt8] { services.openAPI }

    public func respond(to exchange: Exchange) async {
        let loop = loops[exchange.loop.index]
        let call = loop.borrow()
        call.begin(exchange, requestID: loop.nextRequestID(), origin: origins.allowed(exchange.head))
        do throws(Fault) {
            let endpoint = try route(call)
            if let endpoint {
                try await authenticate(call, for: endpoint)
                try rates.enter(call, endpoint.limit)
                if endpoint.isSensitive { try API.checkFreshness(call) }
                try concurrency.enter(call)
                defer { concurrency.leave(call) }
                try await idempotency.run(endpoint, call)
            }
        } catch {
            call.refuse(error)
        }
        finish(call)
        loop.giveBack(call)
    }

    public func refuse(_ fault: Fault, on exchange: Exchange) {
        let loop = loops[exchange.loop.index]
        let call = loop.borrow()
        // The head of a refused request can't be trusted: nothing of it is repeated.
        call.begin(exchange, requestID: loop.nextRequestID(), origin: nil, trustsHead: false)
        call.refuse(fault)
        finish(call)
        loop.giveBack(call)
    }

    // MARK: The stages

    /// The endpoint of the request; `nil` when it was answered already: OPTIONS.
    private func route(_ call: Call) throws(Fault) -> Endpoint? {
        let head = call.exchange.head
        switch match(head.method, head.headers.bytes, head.path) {
        case .endpoint(let index, let parameters):
            call.endpoint = index
            call.parameters = parameters
            return endpoints[index]
        case .options(let allow):
            call.answerOptions(allow: allow)
            return nil
        case .methodNotAllowed(let allow):
            call.allow = allow
            throw rates.failed(call, Fault(.methodNotAllowed, "This path does not take that method."))
        case .notFound:
            throw rates.failed(call, Fault(.notFound, "There is nothing at this path."))
        }
    }

    /// A function of its own, so that the span lives as long as its argument.
    private func match(_ method: Method, _ bytes: [UInt8], _ path: Range<Int>) -> Router.Match {
        router.match(method, bytes.span, path: path)
    }

    private func authenticate(_ call: Call, for endpoint: Endpoint) async throws(Fault) {
        if endpoint.isForOperators { return try await authenticateOperator(call) }
        guard endpoint.isPrivate else { return }
        if endpoint.isLive, WebSocketHandshake.wantsSocket(call.exchange.head) {
            // A page can set no field on a WebSocket: it says by other ways who it is. Nor does anything keep other pages from opening one.
            guard let given = try services.authenticator.given(in: call) else { return }
            if given.place == .cookie { try ownOrigins.checkPage(call.exchange.head) }
        }
        do throws(Fault) {
            call.scope = try await services.authenticator.scope(of: call, origins: ownOrigins)
        } catch {
            if error.code == .unauthenticated, call.operatorKeyText != nil {
                _ = try await findOperator(call)
                throw Fault(.forbidden, "An operator's key opens nothing of a tenant's.")
            }
            throw rates.failed(call, error)
        }
        call.mark(.authenticated)
    }

    private func authenticateOperator(_ call: Call) async throws(Fault) {
        call.hasCredential = true
        if call.operatorKeyText == nil {
            do throws(Fault) {
                _ = try await services.authenticator.scope(of: call, origins: ownOrigins)
            } catch {
                throw rates.failed(call, error)
            }
            throw Fault(.forbidden, "This is for those who run the installation.")
        }
        call.operatorPermit = try await findOperator(call)
        call.mark(.authenticated)
    }

    /// Operators have few connections to the database: an address whose attempts failed too often is refused before it takes one.
    private func findOperator(_ call: Call) async throws(Fault) -> OperatorPermit {
        let attempt = try rates.attempt(call)
        let permit = try await services.operators.permit(of: call)
        rates.giveBack(attempt, call)
        return permit
    }

    /// A person who does what can't be undone has proved a short while ago who he is (RFC 9470). Keys prove it with every request.
    private static func checkFreshness(_ call: Call) throws(Fault) {
        guard let moment = call.scope?.authenticatedAt else { return }
        guard Timestamp.now.microseconds - moment.microseconds > Int64(freshSeconds) * 1_000_000 else { return }
        throw Fault(.stepUpRequired, "Prove again who you are: POST /v1/account/step-up. It holds for ten minutes.")
    }

    /// For how long a proof counts as fresh.
    static let freshSeconds = 600

    private func finish(_ call: Call) {
        let microseconds = Int((Instant.now.nanoseconds &- call.exchange.received.nanoseconds) / 1000)
        metrics.record(endpoint: call.endpoint, status: call.exchange.status, microseconds: microseconds)
        RequestLog.write(call, microseconds: microseconds, path: call.endpoint.map { endpoints[$0] })
    }
}
