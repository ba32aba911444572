import Base
import Crypto
import Testing

@Suite struct PasswordTests {
    /// The least that argon2 takes: these tests are about everything but the cost.
    private static let cheap = Password.Parameters(memoryKibibytes: 8, iterations: 1, lanes: 1)

    @Test(arguments: [
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
    ])
    func `the known answers of the reference implementation are accepted`(_ stored: String) throws {
        #expect(try Password.verify(Secret("password"), against: stored))
        #expect(try !Password.verify(Secret("Password"), against: stored))
        #expect(try !Password.verify(Secret("password\0"), against: stored))
    }

    @Test func `a hash made with the default cost says so and is the password's alone`() throws {
        let stored = try Password.hash(Secret("correct horse battery staple"))
        #expect(stored.hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
        #expect(try Password.verify(Secret("correct horse battery staple"), against: stored))
        #expect(try !Password.verify(Secret("correct horse battery stapl"), against: stored))
        #expect(!Password.needsRehash(stored))
    }

    @Test func `two hashes of one password differ`() throws {
        let hashes = try (0..<8).map { _ in try Password.hash(Secret("same"), parameters: Self.cheap) }
        #expect(Set(hashes).count == 8)
    }

    @Test func `passwords of 1 and 512 bytes are hashed whole, and none beyond`() throws {
        for count in [1, 512] {
            let password = [UInt8](repeating: 0, count: count)
            let stored = try Password.hash(Secret(password), parameters: Self.cheap)
            #expect(try Password.verify(Secret(password), against: stored))
            #expect(try !Password.verify(Secret(password.dropLast() + [1]), against: stored))
        }
        let stored = try Password.hash(Secret("a"), parameters: Self.cheap)
        for count in [0, 513] {
            let password = Secret([UInt8](repeating: 97, count: count))
            #expect(throws: Fault.self) { try Password.hash(password, parameters: Self.cheap) }
            #expect(try !Password.verify(password, against: stored))
        }
    }

    @Test(arguments: [
        "", "$", "$$$$$", "password", "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ",
        // Another function, another version, no version.
        "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=16$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        // Parameters in another order, missing, signed, padded with zeros, with more behind them.
        "$argon2id$v=19$t=2,m=256,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=256,t=2$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=+256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=0256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=256,t=2,p=1,keyid=$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        // More than the node gives to one hash: memory, passes, lanes, both together; and numbers that overflow.
        "$argon2id$v=19$m=262145,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=256,t=17,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=256,t=2,p=5$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=262144,t=5,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=99999999999999999999,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        // Less than argon2 takes.
        "$argon2id$v=19$m=7,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=256,t=0,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        // Salt or hash missing, short, padded, of another alphabet.
        "$argon2id$v=19$m=256,t=2,p=1$$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=256,t=2,p=1$c29t$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65",
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$",
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ=$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR_uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4$",
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$" + String(repeating: "A", count: 100_000),
    ])
    func `a stored string that is malformed or asks for too much is a fault, not an answer`(_ stored: String) {
        #expect(throws: Fault.self) { try Password.verify(Secret("password"), against: stored) }
        #expect(Password.needsRehash(stored))
    }

    @Test func `any one changed character of a stored string is noticed`() throws {
        let stored = try Password.hash(Secret("password"), parameters: Self.cheap)
        for at in stored.indices {
            var changed = stored
            changed.replaceSubrange(at...at, with: stored[at] == "A" ? "B" : "A")
            let accepted = (try? Password.verify(Secret("password"), against: changed)) ?? false
            #expect(!accepted, "\(changed)")
        }
    }

    @Test func `a fault about a password names neither the password nor the stored string`() {
        do throws(Fault) {
            _ = try Password.verify(Secret("hunter2"), against: "$argon2id$v=19$m=canary")
            Issue.record("a malformed string was accepted")
        } catch {
            #expect(!"\(error)".contains("canary"))
            #expect(!"\(error)".contains("hunter2"))
            #expect(error.code == .internalError)
        }
    }

    @Test func `parameters outside their bounds are refused before any memory is taken`() {
        for parameters in [
            Password.Parameters(memoryKibibytes: Int.max, iterations: 1, lanes: 1),
            Password.Parameters(memoryKibibytes: 64, iterations: Int.max, lanes: 1),
            Password.Parameters(memoryKibibytes: 64, iterations: 1, lanes: 0),
            Password.Parameters(memoryKibibytes: -1, iterations: -1, lanes: -1),
        ] {
            #expect(throws: Fault.self) { try Password.hash(Secret("password"), parameters: parameters) }
        }
    }

    @Test func `a hash is made anew when any parameter has grown`() throws {
        let stored = try Password.hash(Secret("password"), parameters: Self.cheap)
        #expect(!Password.needsRehash(stored, parameters: Self.cheap))
        #expect(Password.needsRehash(stored))
        #expect(Password.needsRehash(stored, parameters: .init(memoryKibibytes: 16, iterations: 1, lanes: 1)))
        #expect(Password.needsRehash(stored, parameters: .init(memoryKibibytes: 8, iterations: 2, lanes: 1)))
        #expect(Password.needsRehash(stored, parameters: .init(memoryKibibytes: 8, iterations: 1, lanes: 2)))
    }
}
