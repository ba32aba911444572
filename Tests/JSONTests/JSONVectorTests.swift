// The public JSONTestSuite, where it is at hand: what must be taken is, what must be refused is, and what is left free is as stated here.

import Foundation
import JSON
import Testing

@Suite struct JSONVectorTests {
    /// Our choice where RFC 8259 leaves one. Numbers of any size are taken, since they are kept as text until somebody asks for a value;
    /// no text is taken that is not valid Unicode in UTF-8, and none with a byte order mark; nesting is bounded.
    static let taken: Set<String> = [
        "i_number_double_huge_neg_exp", "i_number_huge_exp", "i_number_neg_int_huge_exp", "i_number_pos_double_huge_exp",
        "i_number_real_neg_overflow", "i_number_real_pos_overflow", "i_number_real_underflow", "i_number_too_big_neg_int",
        "i_number_too_big_pos_int", "i_number_very_big_negative_int",
    ]

    @Test func `the public suite is answered as it asks`() throws {
        let shared = ProcessInfo.processInfo.environment["INSULA_SHARED"] ?? "../shared"
        let folder = URL(fileURLWithPath: shared).appendingPathComponent("vectors/json-parsing")
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path) else {
            print("JSONTestSuite is not at hand: \(folder.path) is absent")
            return
        }
        var cases = 0
        for name in names.sorted() where name.hasSuffix(".json") {
            let bytes = try [UInt8](Data(contentsOf: folder.appendingPathComponent(name)))
            let isTaken = name.hasPrefix("y_") || Self.taken.contains(String(name.dropLast(5)))
            #expect((refusal(bytes, names: .repeated) == nil) == isTaken, "\(name)")
            // What callers send is held to one thing more.
            #expect((refusal(bytes) == nil) == (isTaken && !name.hasPrefix("y_object_duplicated_key")), "\(name)")
            cases += 1
        }
        print("JSONTestSuite: \(cases) cases")
        #expect(cases > 300)
    }
}
