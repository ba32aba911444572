// The root key of an installation: made once, kept to its owner, and tied to its database.

import Base
import Crypto
import Foundation
import InsulaTesting
import Postgres
import Testing

extension FaultTests {
    @Suite struct RootKeys {
        private func file(_ installation: Installation) -> String { installation.data + "/root.key" }

        private func text(_ path: String) throws -> String {
            try #require(FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) })
        }

        private func put(_ text: String, _ path: String, mode: Int = 0o600) throws {
            let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try? FileManager.default.removeItem(atPath: path)
            try #require(
                FileManager.default.createFile(atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: mode]))
        }

        @Test func `the first start makes a key for its owner alone and says its fingerprint once`() async throws {
            try await Installation.run { installation in
                let first = try await installation.serve()
                let line = try text(file(installation))
                #expect(line.hasSuffix("\n") && line.utf8.count == RootKey.textByteCount + 1)
                let key = try RootKey(text: Secret(String(line.dropLast())))
                let attributes = try FileManager.default.attributesOfItem(atPath: file(installation))
                #expect(attributes[.posixPermissions] as? Int == 0o600)
                #expect(first.secret("root key") == key.fingerprint)
                #expect(first.child.output.contains(file(installation)))
                #expect(first.child.output.contains("Whoever loses this file"))
                let inside = line.split(separator: ":")[1]
                #expect(!first.child.output.contains(inside) && !first.child.errors.contains(inside))
                #expect(
                    try FileManager.default.contentsOfDirectory(atPath: installation.data).count { $0.hasPrefix("root") } == 1)
                first.child.signal(SIGTERM)
                #expect(try await first.child.end() == .status(0))

                let second = try await installation.serve()
                #expect(second.secret("root key") == nil && !second.child.output.contains(key.fingerprint))
                #expect(try text(file(installation)) == line)
                let checked = try await installation.command("check")
                #expect(checked.child.output.contains("ok    root key: \(key.fingerprint)"), "\(checked.child.output)")
            }
        }

        @Test func `a key that others may read, or that is none, ends the start before there is a database`() async throws {
            let good = RootKey.generate().spelt + "\n"
            try await Installation.run { installation in
                func refused(_ what: String, _ settings: [String: String] = [:]) async throws {
                    let (child, ending) = try await installation.command("serve", settings: settings)
                    #expect(ending == .status(64), "\(what): \(ending), \(child.errors)")
                    #expect(child.errors.contains("INSULA_ROOT_KEY"), "\(what): \(child.errors)")
                    #expect(!child.errors.contains(good.split(separator: ":")[1]), "\(what)")
                    #expect(!FileManager.default.fileExists(atPath: installation.cluster), "\(what)")
                }
                for mode in [0o644, 0o640, 0o604, 0o660] {
                    try put(good, file(installation), mode: mode)
                    try await refused("mode \(String(mode, radix: 8))")
                }
                for wrong in ["", "\n", String(good.dropLast(2)), good + "\n", good + good, String(repeating: "k", count: 5_000)]
                {
                    try put(wrong, file(installation))
                    try await refused("a file of \(wrong.utf8.count)")
                    #expect(try text(file(installation)) == wrong)
                }
                try FileManager.default.removeItem(atPath: file(installation))
                try FileManager.default.createDirectory(atPath: file(installation), withIntermediateDirectories: true)
                try await refused("a folder")
                try FileManager.default.removeItem(atPath: file(installation))
                try await refused("a named file that is missing", ["INSULA_ROOT_KEY_FILE": installation.data + "/elsewhere"])
                try await refused("a malformed setting", ["INSULA_ROOT_KEY": String(good.dropLast(3))])
                try await refused(
                    "both settings", ["INSULA_ROOT_KEY": String(good.dropLast()), "INSULA_ROOT_KEY_FILE": file(installation)])
                #expect(!FileManager.default.fileExists(atPath: file(installation)))
            }
        }

        @Test func `a database takes no other key than its first, and no key is made for it`() async throws {
            let database = try await TestDatabase.make()
            let settings = ["INSULA_DATABASE_URL": database.url]
            try await Installation.run(settings) { first in
                let server = try await first.serve()
                server.child.signal(SIGTERM)
                #expect(try await server.child.end() == .status(0))
                let kept = String(try text(file(first)).dropLast())
                let fingerprint = try RootKey(text: Secret(kept)).fingerprint

                try await Installation.run(settings) { second in
                    let without = try await second.command("serve")
                    #expect(without.ending == .status(78))
                    #expect(without.child.errors.contains(fingerprint), "\(without.child.errors)")
                    #expect(!FileManager.default.fileExists(atPath: file(second)))

                    let other = RootKey.generate()
                    let foreign = try await second.command("serve", settings: ["INSULA_ROOT_KEY": other.spelt])
                    #expect(foreign.ending == .status(78))
                    #expect(foreign.child.errors.contains(fingerprint) && foreign.child.errors.contains(other.fingerprint))
                    try put(other.spelt, file(second))
                    #expect(try await second.command("serve").ending == .status(78))
                    let rotated = try await second.command("admin", "signing-key", "rotate")
                    #expect(rotated.ending == .status(78) && rotated.child.errors.contains(fingerprint))
                    let checked = try await second.command("check")
                    #expect(checked.ending == .status(69))
                    #expect(checked.child.output.contains("FAIL  root key: "), "\(checked.child.output)")

                    let right = try await second.serve(settings: ["INSULA_ROOT_KEY": kept])
                    #expect(await right.call("GET", "/readyz")?.status == 200)
                    right.child.signal(SIGTERM)
                    #expect(try await right.child.end() == .status(0))
                    try put(kept, second.data + "/elsewhere", mode: 0o400)
                    let file = try await second.serve(settings: ["INSULA_ROOT_KEY_FILE": second.data + "/elsewhere"])
                    #expect(await file.call("GET", "/readyz")?.status == 200)
                }
                let rows = try database.connectAsSuperuser().rows("SELECT fingerprint FROM installation")
                #expect(rows == [[fingerprint]])
            }
        }

        @Test func `of two nodes that meet an empty database at once, each serves with its key or has none`() async throws {
            let database = try await TestDatabase.makeEmpty()
            let settings = ["INSULA_DATABASE_URL": database.url]
            try await Installation.run(settings) { first in
                try await Installation.run(settings) { second in
                    async let one = try? first.serve()
                    async let two = try? second.serve()
                    let servers = await [one, two]
                    let rows = try database.connectAsSuperuser().rows("SELECT fingerprint FROM installation")
                    try #require(rows.count == 1)
                    #expect(servers.count { $0 != nil } == 1)
                    for (installation, server) in zip([first, second], servers) {
                        #expect(FileManager.default.fileExists(atPath: file(installation)) == (server != nil))
                        guard server != nil else { continue }
                        let key = try RootKey(text: Secret(String(try text(file(installation)).dropLast())))
                        #expect(rows == [[key.fingerprint]])
                    }
                }
            }
        }
    }
}

extension RootKey {
    /// The text form, as a setting holds it.
    var spelt: String {
        text.withSpan { text in String(decoding: text.indices.map { text[$0] }, as: UTF8.self) }
    }
}
