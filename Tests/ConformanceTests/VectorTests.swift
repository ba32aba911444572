// The public vectors, driven over the conformance program as a process of its own: what is tested is what an outside suite would see.

import Foundation
import Testing

extension Conformance {
    @Suite struct VectorTests {
        /// Suites whose operations the program has. None of their cases may be skipped.
        static let suites = ["json", "url", "html", "hmac", "hkdf"]

        @Test(arguments: suites)
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
            #expect(!result.output.contains("'skipped':"))
            #expect(!result.output.contains("'DIED':"))
            #expect(result.status == 0, "\(result.output)")
        }
    }
}
