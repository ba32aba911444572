// The PostgreSQL server of a test process: started at the first use, in a temporary folder, without waiting for disks; killed and
// removed when the process ends. The kernel ends it should the process be killed.

import Base
import Foundation
import Postgres
import Synchronization

/// The server that all tests of a process share.
public final class TestCluster: Sendable {
    /// The running cluster.
    public let cluster: EmbeddedCluster
    let folder: String

    private static let shared = Task { () async -> Result<TestCluster, Fault> in
        do throws(Fault) {
            return .success(try await TestCluster())
        } catch {
            return .failure(error)
        }
    }
    private static let ending = Mutex<TestCluster?>(nil)

    /// The cluster of this process.
    public static func get() async throws(Fault) -> TestCluster {
        try await shared.value.get()
    }

    private init() async throws(Fault) {
        TestCluster.removeLeftovers()
        folder = "/tmp/insula-test-\(getpid())"
        cluster = try await EmbeddedCluster.start(in: folder, settings: TestCluster.settings)
        TestCluster.ending.withLock { $0 = self }
        atexit {
            guard let ending = TestCluster.ending.withLock({ $0 }) else { return }
            ending.cluster.kill()
            try? FileManager.default.removeItem(atPath: ending.folder)
        }
    }

    /// What suits a server that is thrown away.
    public static var settings: EmbeddedCluster.Settings {
        var settings = EmbeddedCluster.Settings()
        settings.isDurable = false
        settings.connectionLimit = 400
        return settings
    }

    /// Folders of test processes that were killed.
    private static func removeLeftovers() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/tmp")) ?? [] {
            let parts = name.split(separator: "-")
            guard parts.count == 3, name.hasPrefix("insula-test-"), let process = pid_t(parts[2]), kill(process, 0) != 0,
                errno == ESRCH
            else { continue }
            try? FileManager.default.removeItem(atPath: "/tmp/" + name)
        }
    }
}
