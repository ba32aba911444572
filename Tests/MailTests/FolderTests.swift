// The folder that takes mail where there is no server.

import Base
import Foundation
import Loop
import Testing

@testable import Mail

@Suite struct FolderTests {
    /// Runs `body` with a path in a scratch folder, and a pool.
    private func withScratch(_ body: (String, BlockingPool) async throws -> Void) async throws {
        let scratch = "/tmp/insula-mail-\(UUID().uuidString)"
        let pool = BlockingPool(name: "mail", threads: 1)
        defer {
            pool.stop()
            try? FileManager.default.removeItem(atPath: scratch)
        }
        try await body(scratch + "/data/mail", pool)
    }

    @Test func `a mail is one file that its owner alone can read, however often it is written`() async throws {
        try await withScratch { path, pool in
            let folder = MailFolder(path: path, pool: pool)
            let mail = try Post.mail()
            for _ in 0..<2 { try await folder.deliver(mail) }
            #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["\(mail.id).eml"])
            #expect(FileManager.default.contents(atPath: folder.file(of: mail.id)).map { Array($0) } == mail.content)
            for (place, mode) in [(path, 0o700), (folder.file(of: mail.id), 0o600)] {
                #expect(try FileManager.default.attributesOfItem(atPath: place)[.posixPermissions] as? Int == mode)
            }
        }
    }

    @Test func `a folder that can't be written is worth another attempt`() async throws {
        try await withScratch { path, pool in
            try FileManager.default.createDirectory(
                atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try Data("in the way".utf8).write(to: URL(fileURLWithPath: path))
            var failure: DeliveryFailure?
            let mail = try Post.mail()
            do throws(DeliveryFailure) {
                try await MailFolder(path: path, pool: pool).deliver(mail)
            } catch {
                failure = error
            }
            #expect(failure?.isPermanent == false && failure?.reason.hasPrefix("folder: \(path)") == true)
        }
    }
}
