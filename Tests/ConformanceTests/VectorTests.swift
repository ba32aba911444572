// The public vectors, driven over the conformance program as a process of its own: what is tested is what an outside suite would see.

import Foundation
import Testing

extension Conformance {
    @Suite struct VectorTests {
        /// Suites whose operations the program has. None of their cases may be skipped.
        static let suites = ["json", "url", "html", "hmac", "hkdf"]

        /// Cases that we answer otherwise on purpose. One that is answered as the suite wants again has to leave this list.
        static let deviations: [String: Set<String>] = [
            // RFC 8259 leaves it open what an object with the same name twice means. Two readers that disagree about such a body are an
            // old way round a check, so ours refuses it, while the suite holds that a parser takes it.
            "json": ["y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"]
        ]

        @Test(arguments: suites)
        func `every public vector whose operation exists gets its right answer`(_ suite: String) async throws {
            let shared = ProcessInfo.processInfo.environment["INSULA_SHARED"] ?? "../shared"
            let driver = URL(fileURLWithPath: shared).appendingPathComponent("vectors/run.py").path
            guard FileManager.default.fileExists(atPath: driver) else {
                print("vectors \(suite): the folder is absent, no case ran")
                return
            }
            let arguments = ["python3", driver, suite, "--show", "1000", "--cmd", "'\(ConformProgram.path)' lines"]
            guard let result = try await ConformProgram.run("/usr/bin/env", arguments) else {
                print("vectors \(suite): python3 is absent, no case ran")
                return
            }
            print("vectors, cases ran:", result.output.trimmingCharacters(in: .newlines))
            #expect(result.output.contains("'pass':"), "\(result.output)")
            #expect(!result.output.contains("'skipped':"))
            #expect(!result.output.contains("'DIED':"))
            let failures = result.output.split(separator: "\n").filter { $0.hasPrefix(" ") }
                .map { $0.components(separatedBy: " -> ")[0].trimmingCharacters(in: .whitespaces) }
            #expect(Set(failures) == Self.deviations[suite, default: []])
            #expect((result.status == 0) == failures.isEmpty, "the driver ended with \(result.status)")
        }
    }
}
