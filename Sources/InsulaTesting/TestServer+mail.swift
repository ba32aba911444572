// The mail that a server has written to its scratch folder, and waiting for more.

import Base
import Loop

extension TestServer {
    /// The folder that mail is written to.
    public var mailPath: String { mailFolder.path }

    /// The mail to that address so far, oldest first.
    public func mail(to address: String) async -> [TestMail] {
        await mailFolder.loop.call { [mailFolder] in mailFolder.mail(to: address) }
    }

    /// The mail to that address, oldest first, once there are at least `count`.
    /// - Throws: `.timedOut` when they did not come.
    public func mail(to address: String, count: Int) async throws -> [TestMail] {
        let outcome = await mailFolder.loop.call { [mailFolder] () -> Result<[TestMail], Fault> in
            do throws(Fault) {
                return .success(try await mailFolder.mail(to: address, count: count))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }
}
