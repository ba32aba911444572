// The few calls to the file system that starting up needs, with the C library alone. They block.

import Base
import CLinux
import Glibc

enum FileSystem {
    /// Files larger than this are not read whole.
    static let readLimitBytes = 16 << 20

    /// The whole of a file, or `nil` when it can't be read or is larger than `readLimitBytes`.
    static func read(_ path: String) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe Glibc.read(descriptor, &block, block.count)
            if count < 0 && insula_errno() == EINTR { continue }
            guard count >= 0, content.count + count <= readLimitBytes else { return nil }
            if count == 0 { return content }
            content += block.prefix(count)
        }
    }

    /// The text of a file, or `nil` when it can't be read.
    static func text(_ path: String) -> String? {
        read(path).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The names in a folder, sorted; `nil` when it can't be read.
    static func names(in folder: String) -> [String]? {
        guard let directory = unsafe opendir(folder) else { return nil }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { place in
                unsafe place.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// What the kernel knows of a path, without following a link at its end.
    static func status(_ path: String) -> stat? {
        var status = stat()
        return unsafe lstat(path, &status) == 0 ? status : nil
    }

    /// Where a symbolic link points; `nil` when the path is none.
    static func target(of link: String) -> String? {
        var target = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe readlink(link, &target, target.count)
        return count > 0 ? String(decoding: target.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
    }

    /// The folder that a path lies in.
    static func parent(_ path: String) -> String? {
        path.lastIndex(of: "/").map { String(path[..<$0]) }
    }

    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    static func isExecutable(_ path: String) -> Bool { unsafe access(path, X_OK) == 0 }

    /// Makes a folder, and those above it, unless it is there.
    static func makeFolder(_ path: String, mode: mode_t) throws(Fault) {
        if isFolder(path) { return }
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex { try makeFolder(String(path[..<slash]), mode: 0o755) }
        guard unsafe mkdir(path, mode) == 0 || isFolder(path) else {
            throw Fault(.unavailable, "The data folder cannot be made.", cause: "\(path): error \(insula_errno())")
        }
    }

    /// The path without links and dots.
    static func absolute(_ path: String) -> String? {
        guard let resolved = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }
}
