// Where an embedded cluster lives on disk, whose it is, and what a former server left there. PostgreSQL refuses to run as root: then
// its folder belongs to the user `postgres`; when that user can't reach the data folder (such as one in /root) it lies under /var/lib,
// and a link in the data folder leads there.
// A lock on a file keeps two servers of ours from using one cluster; the kernel lifts it when its holder dies.

import Base
import CLinux
import Glibc
import Synchronization

/// The folders of one embedded cluster.
@safe final class ClusterPlace: Sendable {
    static let account = "postgres"
    static let logLimitBytes = 8 << 20
    /// The kernel's limit for the path of a Unix socket, less the name that PostgreSQL appends.
    static let socketFolderLimitBytes = 107 - ".s.PGSQL.5432".utf8.count - 1
    static let settleMilliseconds: Int32 = 30_000

    /// The operator's data folder.
    let dataFolder: String
    /// What holds the cluster: the data folder, or one that the server's account can reach.
    let root: String
    let socketFolder: String
    /// The account that the server runs under; `nil` for our own.
    let owner: Account?
    private let lockDescriptor = Atomic<Int32>(-1)

    /// A user of the system.
    struct Account: Sendable {
        let user: uid_t
        let group: gid_t
    }

    var clusterFolder: String { root + "/postgres" }
    var log: String { dataFolder + "/log/postgres.log" }

    private init(dataFolder: String, root: String, owner: Account?) {
        self.dataFolder = dataFolder
        self.root = root
        self.owner = owner
        let inside = root + "/socket"
        // Deep folders get a short one, named after the deep one.
        let outside = (getuid() == 0 ? "/run" : "/tmp") + "/insula-\(getuid())-\(ClusterPlace.name(root))"
        socketFolder = inside.utf8.count <= ClusterPlace.socketFolderLimitBytes ? inside : outside
    }

    /// The cluster of `folder`, with nothing made or changed.
    static func find(_ folder: String) throws(Fault) -> ClusterPlace {
        guard let dataFolder = FileSystem.absolute(folder) else {
            throw Fault(.unavailable, "The data folder is not there.", cause: folder)
        }
        let linked = FileSystem.target(of: dataFolder + "/postgres").flatMap(FileSystem.parent)
        guard getuid() == 0 else { return ClusterPlace(dataFolder: dataFolder, root: linked ?? dataFolder, owner: nil) }
        guard let entry = unsafe getpwnam(account) else {
            throw Fault(
                .unavailable, "PostgreSQL does not run as root, and there is no user \(account). Install the package postgresql.")
        }
        let owner = unsafe Account(user: entry.pointee.pw_uid, group: entry.pointee.pw_gid)
        if let linked { return ClusterPlace(dataFolder: dataFolder, root: linked, owner: owner) }
        if isReachable(dataFolder, by: owner) { return ClusterPlace(dataFolder: dataFolder, root: dataFolder, owner: owner) }
        guard FileSystem.status(dataFolder + "/postgres") == nil else {
            throw Fault(
                .unavailable, "The user \(account), whom PostgreSQL runs as, may not enter a folder above the data folder.",
                cause: dataFolder)
        }
        // A new name each time: whoever removes the data folder begins anew, though what was linked stays.
        let root = "/var/lib/insula/" + String(UInt64.random(in: .min ... .max), radix: 36)
        return ClusterPlace(dataFolder: dataFolder, root: root, owner: owner)
    }

    /// The cluster of `folder`, which is made and locked for us.
    static func prepare(_ folder: String) throws(Fault) -> ClusterPlace {
        try FileSystem.makeFolder(folder, mode: 0o711)
        let place = try find(folder)
        try FileSystem.makeFolder(place.dataFolder + "/log", mode: 0o711)
        try FileSystem.makeFolder(place.root, mode: 0o711)
        try place.lock()
        try place.own(place.socketFolder)
        let link = place.dataFolder + "/postgres"
        if place.root != place.dataFolder, FileSystem.status(link) == nil {
            guard unsafe symlink(place.clusterFolder, link) == 0 else {
                throw Fault(.unavailable, "The embedded database cannot be linked.", cause: "\(link): error \(insula_errno())")
            }
        }
        return place
    }

    /// Whether the account may pass through every folder above and including `path`. Our own data folder is opened for passing.
    private static func isReachable(_ path: String, by owner: Account) -> Bool {
        var part = path
        while !part.isEmpty {
            guard var status = FileSystem.status(part) else { return false }
            if part == path, status.st_uid == getuid(), status.st_mode & 0o001 == 0 {
                _ = unsafe chmod(part, status.st_mode & 0o7777 | 0o001)
                status.st_mode |= 0o001
            }
            let needed: mode_t = status.st_uid == owner.user ? 0o100 : status.st_gid == owner.group ? 0o010 : 0o001
            if status.st_mode & needed == 0 { return false }
            part = String(part[..<(part.lastIndex(of: "/") ?? part.startIndex)])
        }
        return true
    }

    /// A short name that follows from a path (FNV-1a, 64 bits).
    private static func name(_ path: String) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in path.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return String(hash, radix: 16)
    }

    /// Makes a folder that only the server's account can enter, and refuses one that another user made first.
    private func own(_ folder: String) throws(Fault) {
        let user = owner?.user ?? getuid()
        if FileSystem.status(folder) == nil {
            try FileSystem.makeFolder(folder, mode: 0o700)
            if let owner { _ = unsafe chown(folder, owner.user, owner.group) }
        }
        guard let status = FileSystem.status(folder), status.st_mode & S_IFMT == S_IFDIR, status.st_uid == user else {
            throw Fault(.unavailable, "A folder of the embedded database belongs to someone else.", cause: folder)
        }
        _ = unsafe chmod(folder, 0o700)
    }

    private func lock() throws(Fault) {
        let descriptor = unsafe open(dataFolder + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw Fault(.unavailable, "The data folder is not ours to use.", cause: "\(dataFolder)/lock: error \(insula_errno())")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw Fault(.unavailable, "Another Insula server uses this data folder.", cause: dataFolder)
        }
        lockDescriptor.store(descriptor, ordering: .releasing)
    }

    /// Lets another server use the folder.
    func unlock() {
        let descriptor = lockDescriptor.exchange(-1, ordering: .acquiringAndReleasing)
        guard descriptor >= 0 else { return }
        // Said aloud: a process that is just being started may still share the descriptor, and would keep the lock with it.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    deinit {
        unlock()
    }

    // MARK: The cluster

    /// The major version that the cluster was made with; `nil` when there is none yet.
    var version: String? {
        FileSystem.text(clusterFolder + "/PG_VERSION").map { String($0.prefix { $0.isNumber }) }
    }

    func url(user: String, database: String) -> String {
        var host = ""
        for character in socketFolder {
            if character == "'" || character == "\\" { host.append("\\") }
            host.append(character)
        }
        return "host='\(host)' user=\(user) dbname=\(database)"
    }

    /// The command line of a program of the server: under its account, and told to stop when we die.
    func command(_ program: String, arguments: [String]) -> [String] {
        let setpriv = ["/usr/bin/setpriv", "/bin/setpriv"].first(where: FileSystem.isExecutable)
        guard let setpriv else { return [program] + arguments }
        var command = [setpriv, "--pdeathsig", "SIGINT"]
        if let owner { command += ["--reuid", "\(owner.user)", "--regid", "\(owner.group)", "--init-groups", "--inh-caps=-all"] }
        return command + ["--", program] + arguments
    }

    /// Makes the cluster unless it is there. It gets its name only when it is complete.
    func initialize(_ programs: PostgresPrograms, isDurable: Bool) throws(Fault) {
        guard version == nil else { return }
        let fresh = root + "/postgres.new"
        if FileSystem.status(fresh) != nil { try ChildProcess.run(["/bin/rm", "-rf", "--", fresh], log: log) }
        try own(fresh)
        let arguments =
            [
                "-D", fresh, "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--auth-local=trust", "--auth-host=reject",
                "--no-instructions",
            ] + (isDurable ? [] : ["--no-sync"])
        try ChildProcess.run(command(programs.initializer, arguments: arguments), log: log)
        guard unsafe rename(fresh, clusterFolder) == 0 else {
            throw Fault(.unavailable, "The embedded database cannot be made.", cause: "\(clusterFolder): error \(insula_errno())")
        }
    }

    /// Makes the owner's role and the database unless they are there.
    func makeDatabase() throws(Fault) {
        if (try? BlockingConnection(ConnectionTarget(url(user: "insula_owner", database: "insula")))) != nil { return }
        let connection = try BlockingConnection(ConnectionTarget(url(user: "postgres", database: "postgres")))
        if try connection.rows("SELECT 1 FROM pg_roles WHERE rolname = 'insula_owner'").isEmpty {
            try connection.run("CREATE ROLE insula_owner LOGIN CREATEROLE NOSUPERUSER NOBYPASSRLS")
        }
        if try connection.rows("SELECT 1 FROM pg_database WHERE datname = 'insula'").isEmpty {
            try connection.run("CREATE DATABASE insula OWNER insula_owner")
        }
    }

    /// Whether the server of this cluster, and no other, answers on the socket.
    func answers() -> Bool {
        guard let target = try? ConnectionTarget(url(user: "postgres", database: "postgres")),
            let connection = try? BlockingConnection(target),
            let rows = try? connection.rows("SHOW data_directory"), let folder = rows.first?.first ?? nil
        else { return false }
        return folder == clusterFolder
    }

    // MARK: What a former server left

    /// Ends a server that outlived the process that started it: it has the settings of another day, and would outlive us as well. The
    /// file of one that is gone is removed.
    func endFormerServer() throws(Fault) {
        let file = clusterFolder + "/postmaster.pid"
        guard let text = FileSystem.text(file), let process = text.split(separator: "\n").first.flatMap({ pid_t($0) }) else {
            return
        }
        for signal in [SIGINT, SIGQUIT] where isServer(process) {
            _ = kill(process, signal)
            _ = ChildProcess.waitForEnd(of: process, milliseconds: ClusterPlace.settleMilliseconds)
        }
        guard !isServer(process) else {
            throw Fault(.unavailable, "A former database server does not end.", cause: "process \(process)")
        }
        _ = unsafe unlink(file)
    }

    /// Whether the process is a PostgreSQL server of this cluster: process numbers are used again.
    private func isServer(_ process: pid_t) -> Bool {
        guard kill(process, 0) == 0 || insula_errno() == EPERM, let line = FileSystem.text("/proc/\(process)/cmdline") else {
            return false
        }
        return line.split(separator: "\0").contains { $0 == clusterFolder }
    }

    // MARK: Its log

    /// Puts a log that has grown aside. One former log is kept.
    func rotateLog() {
        if let status = FileSystem.status(log), status.st_size > ClusterPlace.logLimitBytes { unsafe rename(log, log + ".1") }
    }

    /// The last lines of the log, for a fault's cause.
    var lastOfLog: String {
        let lines = (FileSystem.text(log) ?? "").split(separator: "\n").suffix(5)
        return lines.isEmpty ? "see \(log)" : lines.joined(separator: " | ")
    }
}
