// The root key of the data folder: made at the first start, readable by its owner alone, never written again. Whoever loses it loses all
// that was sealed with it.

import Base
import Crypto
import Foundation

enum RootKeyFile {
    /// The key kept in `folder`, and made there at first.
    /// - Throws: `.invalid` naming the file when others may read it, or when it holds no root key.
    static func claim(in folder: String) throws(Fault) -> RootKey {
        let path = folder + "/root.key"
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if descriptor >= 0 { return try make(descriptor, path) }
        guard errno == EEXIST else { throw refusal(path, "it can't be made: \(unsafe String(cString: strerror(errno)))") }
        return try read(path)
    }

    private static func make(_ descriptor: Int32, _ path: String) throws(Fault) -> RootKey {
        let key = RootKey.generate()
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try file.write(contentsOf: unsafe key.text.withBytes { unsafe Data($0) } + Data("\n".utf8))
            try file.synchronize()
            try file.close()
        } catch {
            _ = unsafe unlink(path)
            throw refusal(path, "it can't be written: \(error.localizedDescription)")
        }
        Log.write(.info, "root key made", ["file": .text(path), "fingerprint": .text(key.fingerprint)])
        return key
    }

    private static func read(_ path: String) throws(Fault) -> RootKey {
        var status = stat()
        guard unsafe stat(path, &status) == 0, let content = FileManager.default.contents(atPath: path) else {
            throw refusal(path, "it can't be read")
        }
        guard status.st_mode & 0o077 == 0 else { throw refusal(path, "others may read it; chmod 600 it") }
        do throws(Fault) {
            return try RootKey(text: Secret(Array(content.last == UInt8(ascii: "\n") ? content.dropLast() : content)))
        } catch {
            throw refusal(path, error.message)
        }
    }

    private static func refusal(_ path: String, _ reason: String) -> Fault {
        .invalid("INSULA_DATA", "reference", "The root key \(path) can't be used: \(reason).")
    }
}
