// Rotation of the keys that sign tokens, as often as somebody likes: no key goes whose tokens may be good.

import Base
import InsulaTesting
import Testing

@testable import Identity

@Suite struct SigningKeyTests {
    @Test func `a rotation that would drop a key whose tokens are good is refused`() async throws {
        try await AccountHouse.run { house in
            let keys = house.signingKeys
            try await keys.rotate()
            let first = try house.sql("SELECT key_id FROM signing_keys ORDER BY generation LIMIT 1")[0][0] ?? ""
            while try house.count("signing_keys") < SigningKeys.kept { try await keys.rotate() }
            for _ in 0..<3 {
                #expect(await house.code { try await keys.rotate() } == .limitReached)
            }
            #expect(try house.count("signing_keys") == SigningKeys.kept)
            #expect(String(decoding: keys.document, as: UTF8.self).contains(first))
            // Two hours later their tokens are out.
            try house.sql("UPDATE signing_keys SET activates_at = activates_at - interval '3 hours' WHERE activates_at <= now()")
            #expect(await house.code { try await keys.rotate() } == nil)
            #expect(!String(decoding: keys.document, as: UTF8.self).contains(first))
        }
    }
}
