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
        let place = try await TestCluster.folderWithCluster()
        cluster = try await EmbeddedCluster.start(in: place, settings: TestCluster.settings)
        TestCluster.ending.withLock { $0 = self }
        atexit {
            guard let ending = TestCluster.ending.withLock({ $0 }) else { return }
            ending.cluster.kill()
            try? FileManager.default.removeItem(atPath: ending.folder)
        }
    }

    // Making a cluster is by far the slowest step: one is made a process, and the others are copies of it.
    private static let pristine = Task { () async -> Result<String, Fault> in
        do throws(Fault) {
            let folder = "/tmp/insula-test-\(getpid())/pristine"
            let cluster = try await EmbeddedCluster.start(in: folder, settings: settings)
            await cluster.stop()
            return .success(folder)
        } catch {
            return .failure(error)
        }
    }
    private static let copies = Atomic<Int>(0)

    /// A data folder of the caller's own with a cluster in it that is not running. It goes when the process ends, at the latest.
    public static func folderWithCluster() async throws(Fault) -> String {
        let original = try await pristine.value.get()
        let number = copies.add(1, ordering: .relaxed).newValue
        let folder = "/tmp/insula-test-\(getpid())/copy-\(number)"
        let copy = Process()
        copy.executableURL = URL(fileURLWithPath: "/bin/cp")
        copy.arguments = ["-a", original, folder]
        do {
            try copy.run()
        } catch {
            throw Fault(.internalError, "The cluster cannot be copied.", cause: "\(error)")
        }
        copy.waitUntilExit()
        return folder
    }

    /// What suits a server that is thrown away.
    public static var settings: EmbeddedCluster.Settings {
        var settings = EmbeddedCluster.Settings()
        settings.isDurable = false
        settings.connectionLimit = 1_200
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
