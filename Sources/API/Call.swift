// One request on its way through the API: what the stages found out about it, and the ways to read its input and to answer it.
// Calls are used again from request to request, so that the way costs no allocation. Touched on one loop alone.

import Base
import HTTP
import JSON
import RateLimiting
import Tenancy

/// A request between its stages.
public final class Call: @unchecked Sendable {
    /// The stages that `Server-Timing` names.
    enum Stage: Int, CaseIterable {
        case authenticated, validated, operated

        var name: StaticString {
            switch self {
            case .authenticated: "auth"
            case .validated: "read"
            case .operated: "operate"
            }
        }
    }

    private(set) var exchange: Exchange!
    var endpoint: Int?
    var parameters = PathParameters()
    var scope: TenantScope?
    /// Instead of a scope, where an operator calls.
    var operatorPermit: OperatorPermit?
    var allow: [UInt8] = []
    /// Whether the request has a credential, good or bad.
    var hasCredential = false
    /// Whether the answer may hold what nobody but the caller is to keep.
    var isConfidential = false
    /// The whole values of `Set-Cookie`.
    var cookies: [[UInt8]] = []
    var fault: Fault?
    /// Where the request came from, as far as that can be believed; `nil` when the peer has no address.
    private(set) var address: IPAddress?
    /// What the answer tells about rates.
    var rate: RateReport?
    /// What the `ETag` of the answer said.
    private(set) var answeredRevision: Int?
    private(set) var requestID = RequestID(UUIDBits(high: 0, low: 0))
    /// The caller's own id of the request, where it lies in the head.
    private(set) var givenRequestID: Range<Int>?
    private var origin: Range<Int>?
    private var trustsHead = true
    private var marks = InlineArray<3, UInt64>(repeating: 0)
    private let document: JSONDocument

    private let variesByOrigin: Bool
    private let proxies: TrustedProxies

    init(document: JSONDocument, variesByOrigin: Bool, proxies: TrustedProxies) {
        self.document = document
        self.proxies = proxies
        self.variesByOrigin = variesByOrigin
    }

    func begin(_ exchange: Exchange, requestID: RequestID, origin: Range<Int>?, trustsHead: Bool = true) {
        self.exchange = exchange
        self.requestID = requestID
        self.origin = origin
        self.trustsHead = trustsHead
        address = trustsHead ? proxies.client(of: exchange.head, peer: exchange.peer) : IPAddress(exchange.peer)
        rate = nil
        givenRequestID = trustsHead ? RequestName.wellFormed(in: exchange.head) : nil
        endpoint = nil
        scope = nil
        operatorPermit = nil
        fault = nil
        allow = []
        hasCredential = false
        cookies = []
        isConfidential = false
        answeredRevision = nil
        marks = InlineArray(repeating: 0)
    }

    func end() {
        exchange = nil
        scope = nil
        operatorPermit = nil
        fault = nil
    }

    /// Notes that a stage has ended.
    func mark(_ stage: Stage) {
        marks[stage.rawValue] = Instant.now.nanoseconds
    }

    // MARK: Reading

    /// The permit of the caller for `right`.
    func permit<Needed: Permission>(_ needed: Needed.Type) throws(Fault) -> Permit<Needed> {
        guard let scope else { throw Fault(.unauthenticated, "A credential is required.") }
        return try scope.permit(needed, for: self)
    }

    /// The id in the path at `position`. A text that is no such id names nothing that exists.
    func id<Kind: IdentifiedKind>(_ position: Int, _ kind: ID<Kind>.Type = ID<Kind>.self) throws(Fault) -> ID<Kind> {
        guard let text = parameters.text(position, in: exchange.head.bytes), let id = ID<Kind>(text) else {
            throw Fault(.notFound, "There is no such resource.")
        }
        return id
    }

    /// Reads and checks the body. A body is JSON; an empty one is taken where `mayBeEmpty`.
    func read<Value>(_ input: Input<Value>, mayBeEmpty: Bool = false) async throws(Fault) -> Value {
        if !exchange.hasBody && mayBeEmpty {
            return try input.decode(Array("{}".utf8).span, in: document)
        }
        try checkContentType()
        let body = try await exchange.readBody()
        let value = try input.decode(body.span, in: document)
        mark(.validated)
        return value
    }

    private func checkContentType() throws(Fault) {
        let head = exchange.head
        guard exchange.hasBody else { throw Fault(.malformed, "The request needs a JSON body.") }
        let isJSON = head.headers.withValue(of: .contentType) { MediaType.isJSON($0) }
        guard isJSON == true else {
            throw Fault(.unsupportedMediaType, "The body must be application/json.")
        }
    }

    /// Reads and checks the query.
    func read<Value>(_ query: Query<Value>) throws(Fault) -> Value {
        let pairs = try QueryParameters(exchange.head).pairs
        let value = try query.decode(pairs)
        mark(.validated)
        return value
    }

    /// Refuses parameters, for endpoints that take none: one that is not understood must not be passed over in silence.
    func refuseQuery() throws(Fault) {
        guard exchange.head.query != nil else { return }
        try Call.noParameters.decode(try QueryParameters(exchange.head).pairs)
    }

    private static let noParameters = Query<Void>("NoParameters") { _ in }

    // MARK: Answering

    /// Answers with a value.
    func answer<Value>(_ status: Int, _ output: Output<Value>, _ value: Value) {
        mark(.operated)
        let revision = output.revision?(value)
        answeredRevision = revision
        if let revision, isKnown(revision) { return answerNotModified(revision) }
        exchange.respond(status: status) { head in
            head.appendStatic("content-type: application/json\r\n")
            if let revision { Call.writeTag(revision, into: &head) }
            writeHeaders(&head)
        } body: { body in
            JSONWriter.append(to: &body) { writer in output.write(value, to: &writer) }
        }
    }

    /// Answers that the caller has the present state already.
    private func answerNotModified(_ revision: Int) {
        exchange.respond(status: 304) { head in
            Call.writeTag(revision, into: &head)
            writeHeaders(&head)
        }
    }

    /// Answers without a body.
    func answerEmpty() {
        mark(.operated)
        exchange.respond(status: 204) { writeHeaders(&$0) }
    }

    /// Answers with bytes of another type.
    func answer(_ contentType: StaticString, _ bytes: [UInt8], headers: StaticString = "") {
        exchange.respond(status: 200) { head in
            head.appendStatic("content-type: ")
            head.appendStatic(contentType)
            head.appendLineEnd()
            head.appendStatic(headers)
            writeHeaders(&head)
        } body: {
            $0.append(contentsOf: bytes)
        }
    }

    func answerOptions(allow: [UInt8]) {
        exchange.respond(status: 204) { head in
            head.appendHeader(.allow, allow.span)
            if origin != nil {
                head.appendStatic(
                    """
                    access-control-allow-methods: GET, POST, PUT, PATCH, DELETE\r
                    access-control-allow-headers: authorization, content-type, idempotency-key, if-match, if-none-match, x-api-key, x-request-id, x-tenant-id\r
                    access-control-max-age: 600\r

                    """)
            }
            writeHeaders(&head)
        }
    }

    /// Answers with a problem (RFC 9457).
    func refuse(_ fault: Fault) {
        self.fault = fault
        guard exchange.status == 0 else {
            exchange.abandonStream()
            return
        }
        exchange.respond(status: fault.code.status) { head in
            head.appendStatic("content-type: application/problem+json\r\n")
            if fault.code.status == 401 { writeChallenge(fault.code, &head) }
            if !allow.isEmpty {
                head.appendStatic("allow: ")
                head.append(contentsOf: allow)
                head.appendLineEnd()
            }
            if fault.code == .upgradeRequired {
                head.appendStatic("upgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-version: 13\r\n")
            }
            if let seconds = fault.retryAfterSeconds {
                head.appendStatic("retry-after: ")
                head.appendDecimal(max(0, seconds))
                head.appendLineEnd()
            }
            writeHeaders(&head)
        } body: { body in
            Problem.write(
                fault, requestID: requestIDText, path: trustsHead ? exchange.head.pathText : nil,
                violated: fault.code == .rateLimited && rate?.decision.isAdmitted == false ? rate?.policy : nil, into: &body)
        }
    }

    /// The caller's id of the request, or ours.
    public var requestIDText: String {
        givenRequestID.map { String(decoding: exchange.head.bytes[$0], as: UTF8.self) } ?? requestID.description
    }

    /// Appends the bytes of `requestIDText`.
    func writeRequestID(into bytes: inout [UInt8]) {
        if let given = givenRequestID {
            bytes.append(contentsOf: exchange.head.bytes[given])
        } else {
            bytes.appendStatic("req_")
            bytes.appendBase32(requestID.uuid)
        }
    }

    /// What every answer carries.
    func writeHeaders(_ head: inout [UInt8]) {
        head.appendStatic("x-request-id: ")
        writeRequestID(into: &head)
        head.appendStatic("\r\nx-content-type-options: nosniff\r\n")
        writeRate(&head)
        if scope != nil || operatorPermit != nil || isConfidential { head.appendStatic("cache-control: no-store\r\n") }
        if scope != nil { writeTiming(&head) }
        for cookie in cookies { head.appendHeader(.setCookie, cookie.span) }
        if variesByOrigin { head.appendStatic("vary: origin\r\n") }
        if let origin {
            head.appendStatic("access-control-allow-origin: ")
            head.append(contentsOf: exchange.head.bytes[origin])
            head.appendStatic(
                """
                \r
                access-control-expose-headers: etag, idempotent-replayed, x-request-id, retry-after, server-timing, ratelimit, \
                ratelimit-policy, x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset\r

                """)
        }
    }

    /// `Server-Timing` with a duration in milliseconds for each stage that ended.
    private func writeTiming(_ head: inout [UInt8]) {
        head.appendStatic("server-timing: ")
        var before = exchange.received.nanoseconds
        var isFirst = true
        for stage in Stage.allCases where marks[stage.rawValue] > 0 {
            if !isFirst { head.appendStatic(", ") }
            isFirst = false
            head.appendStatic(stage.name)
            head.appendStatic(";dur=")
            let micros = Int((max(before, marks[stage.rawValue]) - before) / 1000)
            head.appendDecimal(micros / 1000)
            head.append(UInt8(ascii: "."))
            head.append(UInt8(ascii: "0") + UInt8(micros / 100 % 10))
            head.append(UInt8(ascii: "0") + UInt8(micros / 10 % 10))
            head.append(UInt8(ascii: "0") + UInt8(micros % 10))
            before = marks[stage.rawValue]
        }
        head.appendLineEnd()
    }
}
