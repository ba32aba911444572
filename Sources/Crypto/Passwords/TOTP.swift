// One-time codes of authenticator apps (RFC 6238 over RFC 4226): the time in steps of 30 seconds, authenticated and cut to digits.
// A code is checked in a time that tells nothing of it, and the answer is the step it belongs to: the caller stores that step and
// takes no code of it or of an earlier one again. Bounds: 6 to 8 digits, at most 10 steps either way.

import Base

/// Codes that change with time, under a secret that is shared with an app.
public struct TOTP: Sendable {
    /// The length of a step.
    public static let stepSeconds: Int64 = 30
    /// The most steps that a clock may be off, either way.
    public static let windowLimit = 10
    /// The length of a new secret: that of a SHA-1 digest, as RFC 4226 recommends.
    public static let secretByteCount = 20

    /// The hash function. Apps that ignore the parameter in the `otpauth` URI use SHA-1.
    public let algorithm: HashAlgorithm
    /// The length of a code.
    public let digits: Int

    /// SHA-1 and six digits: what every app can do.
    public static let standard = TOTP()

    public init(algorithm: HashAlgorithm = .sha1, digits: Int = 6) {
        precondition((6...8).contains(digits), "a code has 6 to 8 digits")
        precondition(algorithm != .sha384, "RFC 6238 names SHA-1, SHA-256 and SHA-512")
        self.algorithm = algorithm
        self.digits = digits
    }

    /// A new secret for one user and one app.
    public static func generateSecret() -> Secret {
        Random.secret(byteCount: secretByteCount)
    }

    /// The step that `time` falls into.
    public static func step(at time: Timestamp) -> Int64 {
        max(0, time.microseconds) / (stepSeconds * 1_000_000)
    }

    /// The code of a step. Negative steps have none and count as 0.
    public func code(secret: Secret, step: Int64) -> String {
        String(decoding: characters(secret: secret, step: step), as: UTF8.self)
    }

    /// The step whose code `code` is; `nil` when it is of none that may be used.
    /// - Parameters:
    ///   - code: what the user sent: exactly as many ASCII digits as a code has.
    ///   - time: now.
    ///   - window: how many steps before and after now are looked at, 0 to `windowLimit`.
    ///   - lastStep: the step of the last code that was taken; this one and all before are spent.
    /// - Returns: the latest step that fits, so that a code which two steps happen to share is spent for both.
    public func matchingStep(
        code: String, secret: Secret, now time: Timestamp, window: Int = 1, after lastStep: Int64?
    ) -> Int64? {
        precondition((0...Self.windowLimit).contains(window), "a window has 0 to 10 steps either way")
        let sent = Array(code.utf8)
        guard sent.count == digits, sent.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        let current = Self.step(at: time)
        var match: Int64?
        // All of the window is computed and compared, whichever fits.
        for step in max(0, current - Int64(window))...(current + Int64(window)) {
            let isMatch = constantTimeEqual(characters(secret: secret, step: step), sent)
            if isMatch, step > lastStep ?? -1 { match = step }
        }
        return match
    }

    /// RFC 4226, section 5.3: four bytes at the place that the last half byte names, without their highest bit.
    private func characters(secret: Secret, step: Int64) -> [UInt8] {
        let counter = UInt64(max(0, step))
        let digest = HMAC(algorithm).code((0..<8).map { UInt8(truncatingIfNeeded: counter >> UInt64(56 - 8 * $0)) }, key: secret)
        let offset = Int(digest[digest.count - 1] & 15)
        var number = digest[offset..<offset + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
        var characters = [UInt8](repeating: 0, count: digits)
        for at in characters.indices.reversed() {
            characters[at] = UInt8(ascii: "0") + UInt8(number % 10)
            number /= 10
        }
        return characters
    }
}
