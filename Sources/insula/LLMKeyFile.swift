// The key of the provider of models, when the operator keeps it in a file (`INSULA_LLM_KEY_FILE`): the first line, without the end of it.
// Bound: `byteLimit`.

import Base
import Foundation

enum LLMKeyFile {
    /// The most bytes of the file.
    static let byteLimit = 4096

    /// Puts the key of the file, if one is set, into the configuration.
    /// - Throws: `.invalid` naming the setting when the file can't be read, is empty, or holds more than a key.
    static func load(into configuration: inout Configuration) throws(Fault) {
        guard let path = configuration.llm.keyFile else { return }
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw refusal(path, "it can't be opened: \(unsafe String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var count = 0
        let whole = try Secret(byteCount: byteLimit) { bytes throws(Fault) in
            count = unsafe bytes.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
            guard count >= 0 else { throw refusal(path, "it can't be read") }
        }
        guard count < byteLimit else { throw refusal(path, "it is longer than a key") }
        let length = whole.withSpan { bytes in
            for at in 0..<count where bytes[at] <= 0x20 { return at }
            return count
        }
        guard length > 0 else { throw refusal(path, "it holds no key") }
        configuration.llm.key = Secret(byteCount: length) { key in
            whole.withSpan { whole in
                for at in key.indices { key[at] = whole[at] }
            }
        }
    }

    private static func refusal(_ path: String, _ reason: String) -> Fault {
        .invalid("INSULA_LLM_KEY_FILE", "reference", "The key \(path) can't be used: \(reason).")
    }
}
