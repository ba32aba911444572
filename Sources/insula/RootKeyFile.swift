// Where the root key of this process comes from: `INSULA_ROOT_KEY`, the file of `INSULA_ROOT_KEY_FILE`, or `root.key` in the data folder.
// Only the last is ever made here, whole or not at all, readable by its owner alone; it is never written again. Whoever loses the key
// loses all that was sealed with it. Bound: a file of more than `byteLimit` is no root key.

import Base
import Crypto
import Foundation

enum RootKeyFile {
    /// The most bytes of a file that are read.
    static let byteLimit = 1024

    /// The file that the key is kept in when the environment holds none.
    static func path(_ configuration: Configuration) -> String {
        configuration.rootKeyFile ?? configuration.dataFolder + "/root.key"
    }

    /// The key that there is; `nil` when there is none yet and one may be made.
    /// - Throws: `.invalid` naming the setting or the file, when that is missing, holds no root key, or can be read by others.
    static func load(_ configuration: Configuration) throws(Fault) -> RootKey? {
        if let text = configuration.rootKey {
            do throws(Fault) {
                return try RootKey(text: text)
            } catch {
                throw .invalid("INSULA_ROOT_KEY", "format", error.message)
            }
        }
        let path = path(configuration)
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT, configuration.rootKeyFile == nil { return nil }
            throw refusal(path, "it can't be opened: \(unsafe String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        try check(descriptor, path)
        do throws(Fault) {
            return try RootKey(text: try text(descriptor, path))
        } catch {
            throw refusal(path, error.message)
        }
    }

    /// A new key, kept in the data folder; `nil` when another process has made one there meanwhile.
    /// - Throws: `.invalid` naming the file when it can't be written.
    static func make(_ configuration: Configuration) throws(Fault) -> RootKey? {
        let path = path(configuration)
        let key = RootKey.generate()
        // Written aside and linked into place when it is safe on disk: a start that is killed leaves no half of a key.
        let draft = path + ".\(getpid())"
        _ = unsafe unlink(draft)
        let descriptor = unsafe open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw refusal(path, "it can't be made: \(unsafe String(cString: strerror(errno)))") }
        defer { _ = unsafe unlink(draft) }
        let isWritten = write(key, to: descriptor) && fsync(descriptor) == 0
        guard close(descriptor) == 0, isWritten else { throw refusal(path, "it can't be written") }
        guard unsafe link(draft, path) == 0 else {
            if errno == EEXIST { return nil }
            throw refusal(path, "it can't be put in its place: \(unsafe String(cString: strerror(errno)))")
        }
        let folder = unsafe open(configuration.dataFolder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
        return key
    }

    /// Takes a key back that was made a moment ago and with which nothing was sealed.
    static func remove(_ configuration: Configuration) {
        _ = unsafe unlink(path(configuration))
    }

    // MARK: Bytes

    /// A key that others can read is no secret any more: the operator is to know, rather than to have it silently mended.
    private static func check(_ descriptor: Int32, _ path: String) throws(Fault) {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw refusal(path, "it is not a plain file")
        }
        guard status.st_mode & 0o077 == 0 else { throw refusal(path, "others than its owner may read or write it; chmod 600 it") }
        guard status.st_uid == geteuid() || status.st_uid == 0 else { throw refusal(path, "it belongs to another user") }
        guard status.st_size <= byteLimit else { throw refusal(path, "it is longer than a root key") }
    }

    /// What stands in the file, without the line feed at its end.
    private static func text(_ descriptor: Int32, _ path: String) throws(Fault) -> Secret {
        var count = 0
        let whole = try Secret(byteCount: byteLimit) { bytes throws(Fault) in
            count = unsafe bytes.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
            guard count >= 0 else { throw refusal(path, "it can't be read") }
        }
        return Secret(byteCount: whole.withSpan { $0.isEmpty || count == 0 || $0[count - 1] != 0x0A ? count : count - 1 }) {
            text in
            whole.withSpan { whole in
                for at in text.indices { text[at] = whole[at] }
            }
        }
    }

    private static func write(_ key: RootKey, to descriptor: Int32) -> Bool {
        let text = key.text
        let line = Secret(byteCount: text.count + 1) { line in
            text.withSpan { text in
                for at in text.indices { line[at] = text[at] }
            }
            line[text.count] = 0x0A
        }
        return unsafe line.withBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) == $0.count }
    }

    private static func refusal(_ path: String, _ reason: String) -> Fault {
        .invalid("INSULA_ROOT_KEY_FILE", "reference", "The root key \(path) can't be used: \(reason).")
    }
}
