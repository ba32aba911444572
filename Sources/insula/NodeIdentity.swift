// The id of this node in the queue. It is kept in the data folder, so that a node that was killed takes up at once, at its next start,
// what it had leased; a lock on the file keeps two live processes from sharing one. Whoever finds the file locked makes up an id.

import Base
import Foundation

enum NodeIdentity {
    /// The id kept in `folder`, and made there at first. The lock lasts as long as the process.
    static func claim(in folder: String) throws(Fault) -> NodeID {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw .invalid("INSULA_DATA", "reference", "The folder \(folder) can't be made: \(error.localizedDescription)")
        }
        let path = folder + "/node"
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let reason = unsafe String(cString: strerror(errno))
            throw .invalid("INSULA_DATA", "reference", "The file \(path) can't be opened: \(reason).")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            return NodeID.make()
        }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
        let text = (try? file.readToEnd()).flatMap { String(decoding: $0, as: UTF8.self) } ?? ""
        if let kept = NodeID(text.trimmingCharacters(in: .whitespacesAndNewlines)) { return kept }
        let made = NodeID.make()
        _ = ftruncate(descriptor, 0)
        _ = lseek(descriptor, 0, SEEK_SET)
        file.write(Data((made.description + "\n").utf8))
        return made
    }
}
