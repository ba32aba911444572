// Where the PostgreSQL server is installed. Debian keeps each major version in a folder of its own; other systems have it on the path.

import Base
import Glibc

/// The folder of the server's programs.
struct PostgresPrograms {
    let folder: String

    var server: String { folder + "/postgres" }
    var initializer: String { folder + "/initdb" }

    /// Finds the programs.
    /// - Parameter version: the major version that an existing cluster needs; any, the newest first, when `nil`.
    static func find(version: String?) throws(Fault) -> PostgresPrograms {
        var folders: [String] = []
        let installed = (FileSystem.names(in: "/usr/lib/postgresql") ?? []).sorted { (Int($0) ?? 0) > (Int($1) ?? 0) }
        for name in installed where version == nil || name == version { folders.append("/usr/lib/postgresql/\(name)/bin") }
        let path = unsafe getenv("PATH").map { unsafe String(cString: $0) } ?? ""
        for folder in path.split(separator: ":").map(String.init) + ["/usr/pgsql/bin", "/usr/local/pgsql/bin"] {
            // The path may hold links into the folder where all the programs are.
            guard let server = FileSystem.absolute(folder + "/postgres"), let slash = server.lastIndex(of: "/") else { continue }
            folders.append(String(server[..<slash]))
        }
        for folder in folders {
            let found = PostgresPrograms(folder: folder)
            if FileSystem.isExecutable(found.server), FileSystem.isExecutable(found.initializer) { return found }
        }
        throw Fault(
            .unavailable,
            "No PostgreSQL server\(version.map { " of version \($0)" } ?? "") is installed. Install it, or set INSULA_DATABASE_URL."
        )
    }
}
