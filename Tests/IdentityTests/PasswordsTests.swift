// Passwords in their bounded pool: what is the same password, what a hash is renewed for, and what happens when there are too many.

import Base
import Crypto
import Identity
import Loop
import Testing

@Suite struct PasswordsTests {
    /// The least that argon2 takes: these tests are about other things than its cost.
    private static let cheap = Password.Parameters(memoryKibibytes: 8, iterations: 1, lanes: 1)
    private static let dearer = Password.Parameters(memoryKibibytes: 16, iterations: 1, lanes: 1)

    private func passwords(_ parameters: Password.Parameters = cheap, waiting: Int? = nil) -> Passwords {
        Passwords(parameters: parameters, threads: 1, waiting: waiting)
    }

    @Test func `texts that look the same and mean the same are one password, and others are not`() async throws {
        let passwords = passwords()
        let stored = try await passwords.hash("caf\u{E9} \u{1100}\u{1161} and more")
        #expect(try await passwords.check("cafe\u{301} \u{AC00} and more", against: stored).isRight)
        // Compatible, of another alphabet, in another case, with a space: not what was chosen.
        for other in [
            "cafe \u{AC00} and more", "caf\u{E9} \u{AC00} and mor\u{435}", "CAF\u{C9} \u{AC00} and more",
            "caf\u{E9} \u{AC00} and more ",
            "ｃａｆé \u{AC00} and more", "",
        ] {
            #expect(try await !passwords.check(other, against: stored).isRight, "\(other)")
        }
    }

    @Test func `nothing of a long password is cut`() async throws {
        let passwords = passwords()
        let long = String(repeating: "🦜", count: 127)
        let stored = try await passwords.hash(long + "a")
        #expect(try await passwords.check(long + "a", against: stored).isRight)
        #expect(try await !passwords.check(long + "b", against: stored).isRight)
        #expect(try await !passwords.check(long, against: stored).isRight)
    }

    @Test func `a hash that was made with less is renewed when its password is given, and only then`() async throws {
        let stored = try await passwords(PasswordsTests.cheap).hash("the same one")
        let today = passwords(PasswordsTests.dearer)
        #expect(try await today.check("another one", against: stored, renews: true).renewed == nil)
        let renewed = try #require(try await today.check("the same one", against: stored, renews: true).renewed)
        #expect(renewed.contains("m=16,t=1,p=1"))
        let again = try await today.check("the same one", against: renewed, renews: true)
        #expect(again.isRight && again.renewed == nil)
        // What costs more than is asked for stays as it is.
        #expect(try await passwords(PasswordsTests.cheap).check("the same one", against: renewed, renews: true).renewed == nil)
    }

    @Test func `nobody's password is never right, and costs a hash`() async throws {
        let passwords = passwords()
        for guess in ["", "password", "decoy"] {
            let verdict = try await passwords.check(guess, against: nil)
            #expect(!verdict.isRight && verdict.renewed == nil)
        }
        #expect(passwords.figures.done == 3)
        // The hash behind it is of the parameters of today, so that it takes as long as a real one.
        #expect(Password.decoy(parameters: PasswordsTests.dearer).hasPrefix("$argon2id$v=19$m=16,t=1,p=1$"))
        #expect(!Password.needsRehash(Password.decoy()) && Password.decoy() != Password.decoy())
    }

    @Test func `however many come at once, only as many hashes run as there are threads, and too many are told so`() async throws
    {
        let passwords = Passwords(threads: 2, waiting: 8)
        let codes = await withTaskGroup(of: Fault.Code?.self) { group in
            for _ in 0..<64 {
                group.addTask {
                    do throws(Fault) {
                        _ = try await passwords.check("guess", against: nil)
                        return nil
                    } catch {
                        return error.code
                    }
                }
            }
            return await group.reduce(into: [Fault.Code?]()) { $0.append($1) }
        }
        let figures = passwords.figures
        #expect(codes.allSatisfy { $0 == nil || $0 == .overloaded })
        #expect(figures.done == codes.count { $0 == nil } && figures.refused == codes.count { $0 == .overloaded })
        #expect(figures.done >= 8 && figures.refused > 0 && figures.mostRunning <= 2)
    }
}
