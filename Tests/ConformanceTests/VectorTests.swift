// The public vectors, driven over the conformance program as a process of its own: what is tested is what an outside suite would see.

import Foundation
import Testing

extension Conformance {
    @Suite struct VectorTests {
        /// Suites whose operations the program has, and how many of their cases are skipped, no more and no fewer: parameters of AES-GCM
        /// that we don't offer, and tokens that we refuse on purpose or that the suite contradicts itself about (`Operation+signatures`
        /// names each); references between schemas that would have to be fetched, and host names that take the tables of IDNA
        /// (`Operation+languages`).
        static let suites = [
            "json": 0, "url": 0, "html": 0, "sf": 0, "hmac": 0, "hkdf": 0, "ed25519": 0, "ecdsa": 0, "rsa": 0, "jws": 9,
            "aesgcm": 440, "jmespath": 0, "schema7": 23, "schema2020": 49, "schema7-format": 127, "schema2020-format": 128,
        ]

        @Test(arguments: suites.keys.sorted())
        func `every public vector whose operation exists gets its right answer`(_ suite: String) async throws {
            let shared = ProcessInfo.processInfo.environment["INSULA_SHARED"] ?? "../shared"
            let driver = URL(fileURLWithPath: shared).appendingPathComponent("vectors/run.py").path
            guard FileManager.default.fileExists(atPath: driver) else {
                print("vectors \(suite): the folder is absent, no case ran")
                return
            }
            let arguments = ["python3", driver, suite, "--show", "20", "--cmd", "'\(ConformProgram.path)' lines"]
            guard let result = try await ConformProgram.run("/usr/bin/env", arguments) else {
                print("vectors \(suite): python3 is absent, no case ran")
                return
            }
            print("vectors, cases ran:", result.output.trimmingCharacters(in: .newlines))
            #expect(result.output.contains("'pass':"), "\(result.output)")
            let skipped = try #require(Self.suites[suite])
            #expect(result.output.contains("'skipped': \(skipped)") == (skipped > 0))
            #expect(result.output.contains("'skipped':") == (skipped > 0))
            #expect(!result.output.contains("'DIED':"))
            #expect(result.status == 0, "\(result.output)")
        }
    }
}
