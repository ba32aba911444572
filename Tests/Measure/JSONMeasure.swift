// Times our reader and writer on the commonest shapes, and Foundation's on the same types. One JSON object a line: nanoseconds an operation,
// the best of several batches. `--dump DIR` also writes the ten texts, for others to be timed on.

import Base
import Foundation
import JSON

/// What is measured of one shape.
struct JSONMeasure {
    let shape: String
    let text: [UInt8]
    /// Times everything, or the one thing that is named.
    let run: @Sendable (_ only: String?) throws -> [(name: String, nanoseconds: Double)]

    init<Value: Measured>(_ shape: String, _ sample: Value) {
        let text = Value.output.bytes(sample)
        self.shape = shape
        self.text = text
        run = { only in try Self.times(sample, text, only) }
    }

    static let all = [
        JSONMeasure("agent", Samples.agent), JSONMeasure("execution", Samples.execution), JSONMeasure("task", Samples.work(7)),
        JSONMeasure("list", Samples.list), JSONMeasure("problem", Samples.problem), JSONMeasure("key", Samples.key),
        JSONMeasure("step", Samples.step), JSONMeasure("log", Samples.log), JSONMeasure("login", Samples.login),
        JSONMeasure("event", Samples.event),
    ]

    private static func times<Value: Measured>(
        _ sample: Value, _ text: [UInt8], _ only: String?
    ) throws -> [(name: String, nanoseconds: Double)] {
        let document = JSONDocument()
        let decoder = JSONDecoder()
        let encoder = JSONEncoder()
        let data = Data(text)
        var buffer: [UInt8] = []
        // What is timed must be right first.
        let again = try decoder.decode(Value.self, from: try encoder.encode(try Value.input.decode(text)))
        guard Value.output.bytes(again) == text else { throw CocoaError(.coderInvalidValue) }
        var times: [(name: String, nanoseconds: Double)] = []
        func time(_ name: String, _ action: () throws -> Void) throws {
            if only == nil || only == name { times.append((name, try best(action))) }
        }
        try time("decode_ns") { _ = try Value.input.decode(text.span, in: document) }
        try time("encode_ns") {
            buffer.removeAll(keepingCapacity: true)
            JSONWriter.append(to: &buffer) { Value.output.write(sample, to: &$0) }
        }
        try time("parse_ns") { try document.parse(text.span) }
        try time("foundation_decode_ns") { _ = try decoder.decode(Value.self, from: data) }
        try time("foundation_encode_ns") { _ = try encoder.encode(sample) }
        return times
    }

    /// Nanoseconds of CPU an operation, so that what else the machine does counts least: the best of seven batches of at least 20 ms.
    private static func best(_ action: () throws -> Void) throws -> Double {
        func batch(_ count: Int) throws -> Double {
            let began = clock()
            for _ in 0..<count { try action() }
            return Double(clock() - began) / Double(CLOCKS_PER_SEC) * 1e9
        }
        var count = 1
        while try batch(count) < 20_000_000 { count *= 2 }
        return try (0..<7).map { _ in try batch(count) }.min().map { $0 / Double(count) } ?? 0
    }
}
