import Base
import Crypto
import Testing

@Suite struct TOTPTests {
    private let secret = Secret("12345678901234567890")

    private func time(_ seconds: Int64) -> Timestamp { Timestamp(microseconds: seconds * 1_000_000) }

    @Test func `counters give the codes of RFC 4226`() {
        let expected = [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489",
        ]
        for (step, code) in expected.enumerated() {
            #expect(TOTP.standard.code(secret: secret, step: Int64(step)) == code)
        }
    }

    @Test(arguments: [
        (HashAlgorithm.sha1, ["94287082", "07081804", "14050471", "89005924", "69279037", "65353130"]),
        (.sha256, ["46119246", "68084774", "67062674", "91819424", "90698825", "77737706"]),
        (.sha512, ["90693936", "25091201", "99943326", "93441116", "38618901", "47863826"]),
    ])
    func `times give the codes of RFC 6238`(_ algorithm: HashAlgorithm, _ expected: [String]) {
        let digits = Array("1234567890".utf8)
        let secret = Secret((0..<algorithm.byteCount).map { digits[$0 % 10] })
        let seconds: [Int64] = [59, 1_111_111_109, 1_111_111_111, 1_234_567_890, 2_000_000_000, 20_000_000_000]
        for (second, code) in zip(seconds, expected) {
            let step = TOTP.step(at: time(second))
            #expect(TOTP(algorithm: algorithm, digits: 8).code(secret: secret, step: step) == code)
            #expect(TOTP(algorithm: algorithm).code(secret: secret, step: step) == code.suffix(6))
        }
    }

    @Test func `a code is good in its own step and in the one before and after`() {
        let totp = TOTP.standard
        let now = time(1_700_000_000)
        let step = TOTP.step(at: now)
        for offset in Int64(-3)...3 {
            let match = totp.matchingStep(
                code: totp.code(secret: secret, step: step + offset), secret: secret, now: now, after: nil)
            #expect(match == (abs(offset) <= 1 ? step + offset : nil))
        }
        let late = totp.matchingStep(
            code: totp.code(secret: secret, step: step + 10), secret: secret, now: now, window: 10, after: nil)
        #expect(late == step + 10)
        let exact = totp.matchingStep(
            code: totp.code(secret: secret, step: step + 1), secret: secret, now: now, window: 0, after: nil)
        #expect(exact == nil)
    }

    @Test func `a step that was used, and every step before it, is spent`() {
        let totp = TOTP.standard
        let now = time(1_700_000_000)
        let step = TOTP.step(at: now)
        func match(_ offset: Int64, after last: Int64?) -> Int64? {
            totp.matchingStep(code: totp.code(secret: secret, step: step + offset), secret: secret, now: now, after: last)
        }
        #expect(match(0, after: step - 1) == step)
        #expect(match(0, after: step) == nil)
        #expect(match(-1, after: step) == nil)
        #expect(match(1, after: step) == step + 1)
        #expect(match(1, after: step + 5) == nil)
    }

    @Test func `a code that two steps of the window share spends both`() {
        // Found by trying seeds until the codes of steps 29 and 30 were the same.
        let secret = Secret("seed 915512")
        for step in [Int64(29), 30] { #expect(TOTP.standard.code(secret: secret, step: step) == "970243") }
        #expect(TOTP.standard.matchingStep(code: "970243", secret: secret, now: time(900), after: nil) == 30)
    }

    @Test func `only six ASCII digits are a code`() {
        let totp = TOTP.standard
        let now = time(59)
        #expect(totp.matchingStep(code: "287082", secret: secret, now: now, after: nil) == 1)
        for code in [
            "", "28708", "2870820", " 287082", "287082 ", "287082\n", "+87082", "２８７０８２", "٢٨٧٠٨٢", "28708a", "0287082",
            "28\u{0}082",
        ] {
            #expect(totp.matchingStep(code: code, secret: secret, now: now, after: nil) == nil)
        }
    }

    @Test func `the first steps of time have no step before them`() {
        let totp = TOTP.standard
        #expect(totp.matchingStep(code: "755224", secret: secret, now: time(0), after: nil) == 0)
        #expect(totp.matchingStep(code: "755224", secret: secret, now: time(-1000), after: nil) == 0)
        #expect(totp.matchingStep(code: "755224", secret: secret, now: time(30), after: 0) == nil)
    }

    @Test func `new secrets are as long as RFC 4226 asks and never the same`() {
        #expect(TOTP.generateSecret().count == 20)
        #expect(!constantTimeEqual(TOTP.generateSecret(), TOTP.generateSecret()))
    }
}
