// What the API keeps for one loop: calls to be used again, one reader of JSON, and the numbering of requests. Touched on that loop alone.

import Base
import HTTP
import JSON

final class LoopState: @unchecked Sendable {
    private static let sparesKept = 128

    private var spares: [Call] = []
    private let document = JSONDocument()
    private var random = UInt64.random(in: .min ... .max)

    private let variesByOrigin: Bool
    private let proxies: TrustedProxies

    init(variesByOrigin: Bool, proxies: TrustedProxies) {
        self.variesByOrigin = variesByOrigin
        self.proxies = proxies
    }

    func borrow() -> Call {
        spares.popLast() ?? Call(document: document, variesByOrigin: variesByOrigin, proxies: proxies)
    }

    func giveBack(_ call: Call) {
        call.end()
        if spares.count < LoopState.sparesKept { spares.append(call) }
    }

    /// Request ids name log lines; nobody gains by guessing one, so that a fast generator (SplitMix64) does.
    func nextRequestID() -> RequestID {
        RequestID(
            UUIDBits.version7(milliseconds: UInt64(Timestamp.now.microseconds / 1000), random: (nextRandom(), nextRandom())))
    }

    private func nextRandom() -> UInt64 {
        random &+= 0x9E37_79B9_7F4A_7C15
        var mixed = random
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
