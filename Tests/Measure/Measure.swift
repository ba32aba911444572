// `Measure [--dump DIR] [--only SHAPE] [--way NAME]`: see JSONMeasure. A way is one of the names it prints, such as `decode_ns`.
// `Measure --limiter`: see LimiterMeasure. `Measure --token`: see TokenMeasure.

import Foundation
import JSON

@main struct Measure {
    static func main() throws {
        let arguments = CommandLine.arguments
        if arguments.contains("--limiter") { return LimiterMeasure.run() }
        if arguments.contains("--token") { return TokenMeasure.run() }
        func option(_ name: String) -> String? {
            arguments.firstIndex(of: name).flatMap { $0 + 1 < arguments.count ? arguments[$0 + 1] : nil }
        }
        let only = option("--only")
        for measure in JSONMeasure.all where only == nil || only == measure.shape {
            if let folder = option("--dump") {
                try Data(measure.text).write(to: URL(fileURLWithPath: folder).appendingPathComponent(measure.shape + ".json"))
            }
            var writer = JSONWriter()
            writer.beginObject()
            writer.key("shape")
            writer.string(measure.shape)
            writer.key("bytes")
            writer.int(measure.text.count)
            for (name, nanoseconds) in try measure.run(option("--way")) {
                writer.key(name: name)
                writer.double((nanoseconds * 10).rounded() / 10)
            }
            writer.endObject()
            print(String(decoding: writer.finish(), as: UTF8.self))
        }
    }
}
