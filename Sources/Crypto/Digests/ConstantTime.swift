// Comparison of what an attacker guesses at: the time taken tells the lengths and nothing else.

import Base
import COpenSSL

/// Whether two byte strings are equal, in a time that depends on their lengths alone.
public func constantTimeEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    return unsafe left.withUnsafeBufferPointer { left in
        unsafe right.withUnsafeBufferPointer { right in
            guard let first = left.baseAddress, let second = right.baseAddress else { return true }
            return unsafe CRYPTO_memcmp(first, second, left.count) == 0
        }
    }
}

/// Whether two byte strings are equal, in a time that depends on their lengths alone.
public func constantTimeEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    constantTimeEqual(left.span, right.span)
}

/// Whether two secrets are equal, in a time that depends on their lengths alone.
public func constantTimeEqual(_ left: Secret, _ right: Secret) -> Bool {
    left.withSpan { left in
        right.withSpan { right in constantTimeEqual(left, right) }
    }
}
