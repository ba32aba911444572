import Base
import Crypto
import Glibc
import Testing

@Suite struct SecretTests {
    @Test func `random bytes are as many as asked and never the same twice`() {
        for count in [0, 1, 2, 31, 32, 33, 4096] {
            #expect(Random.bytes(count).count == count)
            #expect(Random.secret(byteCount: count).count == count)
        }
        #expect(Random.bytes(32) != Random.bytes(32))
        #expect(!constantTimeEqual(Random.secret(byteCount: 32), Random.secret(byteCount: 32)))
    }

    @Test func `every value of a byte comes out of the generator`() {
        // 65,536 draws miss a given value with a chance of e^-256.
        #expect(Set(Random.bytes(65_536)).count == 256)
    }

    @Test func `a secret prints, reflects and interpolates as nothing but its name`() {
        let secret = Secret("hunter2")
        #expect("\(secret)" == "[secret]")
        #expect(String(reflecting: secret) == "[secret]")
        #expect(String(describing: [secret]) == "[[secret]]")
        #expect(Mirror(reflecting: secret).children.isEmpty)
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!dumped.contains("hunter2"))
    }

    @Test func `a secret made in place holds what was written and zeros elsewhere`() {
        let secret = Secret(byteCount: 4) { bytes in bytes[1] = 7 }
        #expect(secret.withSpan { bytes in [bytes[0], bytes[1], bytes[2], bytes[3]] } == [0, 7, 0, 0])
        #expect(secret.count == 4)
        #expect(Secret(byteCount: 0) { _ in }.withSpan { $0.count } == 0)
    }

    @Test func `a secret whose making fails throws what its maker threw`() {
        #expect(throws: Fault.self) {
            _ = try Secret(byteCount: 4) { bytes throws(Fault) in
                bytes[0] = 1
                throw Fault(.internalError, "No.")
            }
        }
    }

    @Test func `what is still at work when the process ends may use OpenSSL to the last`() async {
        await #expect(processExitsWith: .success) {
            // Registered first, so called last: after what OpenSSL would have registered when it was first used.
            atexit { _ = Random.secret(byteCount: 32) }
            _ = Random.secret(byteCount: 32)
            exit(EXIT_SUCCESS)
        }
    }
}
