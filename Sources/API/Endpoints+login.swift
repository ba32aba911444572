// Logging in, in one or two steps, and proving once more who one is.

import Base
import Crypto
import HTTP
import Identity
import JSON
import Tenancy

extension Endpoint {
    static func login(_ services: Services) -> [Endpoint] {
        let logins = services.logins
        let entrance = Entrance(services.configuration)
        return [
            .openTaking(
                "/v1/login", "Log in with a password; a second factor, where there is one, is asked for by the answer",
                LogIn.input,
                answers: LoginAnswer.output
            ) { call, input throws(Fault) in
                if input.wantsCookie { try entrance.checkOrigin(call) }
                let answer = try await logins.logIn(input, from: entrance.origin(of: call))
                call.bring(answer)
                return answer
            },
            .openTaking(
                "/v1/login/mfa", "Make the second step of a login", FinishLogIn.input, answers: LoginAnswer.output
            ) { call, input throws(Fault) in
                if input.wantsCookie { try entrance.checkOrigin(call) }
                let answer = try await logins.finish(input, from: entrance.origin(of: call))
                call.bring(answer)
                return answer
            },
            .taking(
                .post, "/v1/account/step-up", "Prove again who you are, for what asks for it; it holds for ten minutes",
                AccountWrite.self, StepUp.input, answers: SteppedUp.output
            ) { call, permit, input throws(Fault) in
                try await services.stepUps.stepUp(input, permit)
            },
        ]
    }
}

/// What a login takes from the head of its request.
private struct Entrance: Sendable {
    private let publicHost: String
    private let ownOrigins: OwnOrigins

    init(_ configuration: Configuration) {
        publicHost = Entrance.host(of: configuration.publicURL)
        ownOrigins = OwnOrigins(configuration)
    }

    /// The host of a URL without a path, such as `example.com` of `https://example.com:8443`.
    private static func host(of url: String) -> String {
        let rest = url.firstRange(of: "://").map { url[$0.upperBound...] } ?? url[...]
        return String(rest.prefix { $0 != ":" && $0 != "/" })
    }

    /// A session's cookie is given to pages of ours alone: another site must not log a browser in as somebody it chose.
    func checkOrigin(_ call: Call) throws(Fault) {
        try ownOrigins.check(call.exchange.head)
    }

    func origin(of call: Call) -> LoginOrigin {
        let headers = call.exchange.head.headers
        var naming = TenantNaming()
        naming.add(headers.text(of: .tenantID))
        naming.add(host: headers.text(of: .host) ?? "", under: publicHost)
        return LoginOrigin(
            naming: naming, addressBlock: call.address.map { "\($0.block)" }, deviceToken: call.deviceToken, request: call)
    }
}

extension IPAddress {
    /// The address, or the /64 around one of version 6: what one customer of a provider has at least.
    fileprivate var block: IPAddress {
        switch self {
        case .v4: self
        case .v6(let high, _): .v6(high: high, low: 0)
        }
    }
}

extension Call {
    private static let deviceCookie = "__Host-device"
    /// Seconds for which a browser keeps it: 400 days, the most that browsers allow (RFC 6265bis, section 5.5).
    private static let deviceSeconds = 34_560_000

    /// The device token of a browser; `nil` without one, or with two.
    fileprivate var deviceToken: String? {
        guard exchange.head.headers.contains(.cookie) else { return nil }
        let bytes = exchange.head.bytes
        let name = Array("\(Call.deviceCookie)=".utf8)
        var found: [String] = []
        for field in exchange.head.headers.fields where field.known == .cookie {
            for pair in bytes[field.value].split(separator: UInt8(ascii: ";")) {
                let pair = pair.drop { $0 == UInt8(ascii: " ") }
                if pair.starts(with: name) { found.append(String(decoding: pair.dropFirst(name.count), as: UTF8.self)) }
            }
        }
        return found.count == 1 ? found[0] : nil
    }

    /// Lets the answer bring the cookies of a browser's login.
    fileprivate func bring(_ answer: LoginAnswer) {
        guard let login = answer.completed, login.session.kind == .cookie else { return }
        bring(login.session)
        if let token = login.deviceToken { bring(Call.deviceCookie, Secret(token), seconds: Call.deviceSeconds) }
    }
}
