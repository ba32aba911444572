// Mail without a server: a folder with a file for each, which an operator reads. A file is written whole under another name and then
// renamed; nobody else can read it. An attempt that is repeated writes the same file again.

import Base
import CLinux
import Glibc
import Loop

/// Delivers into a folder.
public struct MailFolder: Sendable {
    public let path: String
    private let pool: BlockingPool

    /// - Parameters:
    ///   - path: the folder; it is made, with those above it, when the first mail comes.
    ///   - pool: takes the writing, which blocks.
    public init(path: String, pool: BlockingPool) {
        self.path = path
        self.pool = pool
    }

    /// Where a mail is put.
    public func file(of mail: MailID) -> String { "\(path)/\(mail).eml" }

    /// Writes `mail`.
    public func deliver(_ mail: RenderedMail) async throws(DeliveryFailure) {
        do throws(Fault) {
            try await pool.run { [self] () throws(Fault) in try write(mail) }
        } catch {
            throw DeliveryFailure("folder: \(error.cause ?? error.message)")
        }
    }

    private func write(_ mail: RenderedMail) throws(Fault) {
        try MailFolder.make(path)
        // Names of other nodes on the same folder are apart, and a node has a mail once.
        let temporary = "\(path)/.\(mail.id)-\(getpid())"
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw MailFolder.failure(temporary) }
        let isWritten = MailFolder.write(mail.content, to: descriptor) && fsync(descriptor) == 0
        let reason = MailFolder.failure(temporary)
        close(descriptor)
        guard isWritten else {
            _ = unsafe unlink(temporary)
            throw reason
        }
        guard unsafe rename(temporary, file(of: mail.id)) == 0 else {
            let reason = MailFolder.failure(file(of: mail.id))
            _ = unsafe unlink(temporary)
            throw reason
        }
        // The name has to last as the content does.
        let folder = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw MailFolder.failure(path) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw MailFolder.failure(path) }
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress! + written, $0.count - written)
            }
            if count < 0 && insula_errno() == EINTR { continue }
            guard count > 0 else { return false }
            written += count
        }
        return true
    }

    private static func make(_ path: String) throws(Fault) {
        if unsafe mkdir(path, 0o700) == 0 || insula_errno() == EEXIST { return }
        guard insula_errno() == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw failure(path)
        }
        try make(String(path[..<slash]))
        guard unsafe mkdir(path, 0o700) == 0 || insula_errno() == EEXIST else { throw failure(path) }
    }

    private static func failure(_ path: String) -> Fault {
        let reason = unsafe String(cString: strerror(insula_errno()))
        return Fault(.unavailable, "Mail could not be written.", cause: "\(path): \(reason)")
    }
}
