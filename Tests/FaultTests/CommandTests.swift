// The commands beside `serve`: what they print where, what they end with, and how they name what they don't understand.

import Base
import Foundation
import InsulaTesting
import Testing

extension FaultTests {
    @Suite struct Commands {
        @Test func `a key is printed alone, beside a running server and without one`() async throws {
            try await Installation.run { installation in
                let server = try await installation.serve()
                let arguments = ["admin", "key", "create", "--tenant", "default", "--role", "owner", "--name", "from the shell"]
                let beside = try await installation.command(arguments)
                #expect(beside.ending == .status(0), "\(beside.child.errors)")
                _ = try await server.expect(200, "GET", "/v1/tenant", key: try key(in: beside.child))
                #expect(installation.postmasters.count == 1)

                let checked = try await installation.command(["check"])
                #expect(checked.ending == .status(0), "\(checked.child.output)")
                #expect(lines(checked.child).map { $0.prefix(4) } == ["ok  ", "ok  ", "ok  ", "ok  ", "ok  "])

                server.child.signal(SIGTERM)
                #expect(try await server.child.end() == .status(0))
                let alone = try await installation.command(arguments)
                #expect(alone.ending == .status(0), "\(alone.child.errors)")
                let made = try key(in: alone.child)
                #expect(installation.postmasters.isEmpty)

                let next = try await installation.serve()
                _ = try await next.expect(200, "GET", "/v1/tenant", key: made)
            }
        }

        /// The only line of a command's output.
        private func key(in child: Child) throws -> String {
            let printed = lines(child)
            try #require(printed.count == 1)
            #expect(!printed[0].contains(" ") && printed[0].utf8.count > 30)
            return printed[0]
        }

        private func lines(_ child: Child) -> [String] { child.output.split(separator: "\n").map(String.init) }

        @Test func `tenants are made and listed, and a taken or unfit slug is refused by name`() async throws {
            let database = try await TestDatabase.make()
            try await Installation.run(["INSULA_DATABASE_URL": database.url]) { installation in
                let made = try await installation.command("admin", "tenant", "create", "--slug", "acme", "--name", "Acme Ltd")
                #expect(made.ending == .status(0), "\(made.child.errors)")
                #expect(made.child.output.contains("acme") && made.child.output.contains("API key"))
                let listed = try await installation.command("admin", "tenant", "list")
                #expect(listed.ending == .status(0))
                #expect(lines(listed.child).count == 1)
                #expect(listed.child.output.hasPrefix("acme\tactive\t") && listed.child.output.hasSuffix("\tAcme Ltd\n"))
                for slug in ["acme", "Not A Slug"] {
                    let refused = try await installation.command("admin", "tenant", "create", "--slug", slug)
                    #expect(refused.ending == .status(64))
                    #expect(refused.child.errors.contains("slug"), "\(refused.child.errors)")
                    #expect(refused.child.output.isEmpty)
                }
                let password = try await installation.command(
                    "admin", "user", "reset-password", "--tenant", "acme", "--user", "owner")
                #expect(password.ending == .status(0) && lines(password.child).count == 1, "\(password.child.errors)")
                #expect(!made.child.output.contains(lines(password.child)[0]))
                let stranger = try await installation.command(
                    "admin", "user", "reset-password", "--tenant", "acme", "--user", "stranger")
                #expect(stranger.ending == .status(64) && stranger.child.output.isEmpty)
                let code = try await installation.command("admin", "signup-code", "create")
                #expect(code.ending == .status(0) && lines(code.child).count == 1, "\(code.child.errors)")
                let unknown = try await installation.command(
                    "admin", "key", "create", "--tenant", "nobody", "--role", "owner", "--name", "x")
                #expect(unknown.ending == .status(64) && unknown.child.errors.contains("nobody"))
                let role = try await installation.command(
                    "admin", "key", "create", "--tenant", "acme", "--role", "king", "--name", "x")
                #expect(role.ending == .status(64) && role.child.errors.contains("viewer"))
            }
        }

        @Test func `migrations are applied once, and check names those that are pending`() async throws {
            let database = try await TestDatabase.makeEmpty()
            let files = try FileManager.default.contentsOfDirectory(atPath: try TestDatabase.migrationsFolder())
            let count = files.count { $0.hasSuffix(".sql") }
            try await Installation.run(["INSULA_DATABASE_URL": database.url]) { installation in
                let before = try await installation.command("check")
                #expect(before.ending == .status(69))
                #expect(
                    lines(before.child).map { $0.prefix(4) } == ["ok  ", "ok  ", "FAIL", "ok  ", "FAIL"], "\(before.child.output)"
                )
                #expect(before.child.output.contains("\(count) pending"))
                #expect(before.child.errors.contains("2 checks failed"))

                let applied = try await installation.command("migrate")
                #expect(applied.ending == .status(0), "\(applied.child.errors)")
                #expect(lines(applied.child).count == count)
                let again = try await installation.command("migrate")
                #expect(again.ending == .status(0))
                #expect(again.child.output.isEmpty && again.child.errors.contains("nothing is pending"))

                // Nobody can get in yet.
                let after = try await installation.command("check")
                #expect(
                    lines(after.child).map { $0.prefix(4) } == ["ok  ", "ok  ", "ok  ", "ok  ", "FAIL"], "\(after.child.output)")
                _ = try await installation.command("admin", "tenant", "create", "--slug", "acme")
                let last = try await installation.command("check")
                #expect(last.ending == .status(0), "\(last.child.output)")
            }
        }

        @Test func `a database that is misspelt or out of reach fails with a sentence`() async throws {
            try await Installation.run { installation in
                let misspelt = ["INSULA_DATABASE_URL": "postgresql://user:hush@[nonsense/x"]
                let unreachable = ["INSULA_DATABASE_URL": "postgresql://user:hush@127.0.0.1:1/insula"]
                for command in ["check", "migrate", "serve"] {
                    let first = try await installation.command(command, settings: misspelt)
                    #expect(first.ending == .status(command == "check" ? 69 : 64), "\(command): \(first.ending)")
                    let second = try await installation.command(command, settings: unreachable)
                    #expect(second.ending == .status(69), "\(command): \(second.ending)")
                    for child in [first.child, second.child] {
                        let said = child.output + child.errors
                        #expect(said.contains("database") || said.contains("DATABASE"), "\(command): \(said)")
                        #expect(!said.contains("hush"), "the password is shown")
                    }
                }
                #expect(installation.postmasters.isEmpty)
            }
        }

        @Test func `help explains every command and setting, and is asked for everywhere`() async throws {
            try await Installation.run { installation in
                for arguments in [["--help"], ["-h"], ["help"]] {
                    let whole = try await installation.command(arguments)
                    #expect(whole.ending == .status(0))
                    for setting in Configuration.settings { #expect(whole.child.output.contains(setting.variable)) }
                    for word in ["serve", "migrate", "check", "openapi", "admin tenant create", "admin key create"] {
                        #expect(whole.child.output.contains("insula " + word))
                    }
                }
                for command in ["serve", "migrate", "check", "openapi", "admin", "admin tenant", "admin key create"] {
                    let some = try await installation.command(command.split(separator: " ").map(String.init) + ["--help"])
                    #expect(some.ending == .status(0))
                    #expect(some.child.output.contains("insula \(command)"), "\(command): \(some.child.output)")
                }
                let version = try await installation.command("--version")
                #expect(version.ending == .status(0) && version.child.output.hasPrefix("insula "))
                let openAPI = try await installation.command("openapi")
                #expect(openAPI.ending == .status(0) && openAPI.child.output.hasPrefix("{\"openapi\":\"3.1"))
            }
        }

        @Test func `what is not understood is named, with exit status 64`() async throws {
            let cases: [(arguments: [String], settings: [String: String], names: [String])] = [
                (["frobnicate"], [:], ["frobnicate"]),
                (["frobnicate", "--help"], [:], ["frobnicate"]),
                (["admin"], [:], ["admin"]),
                (["admin", "tenant"], [:], ["admin tenant"]),
                (["serve", "--port", "80"], [:], ["--port"]),
                (["serve", "--port"], [:], ["--port"]),
                (["migrate", "twice"], [:], ["migrate twice"]),
                (["check", "-x"], [:], ["-x"]),
                (["admin", "key", "create"], [:], ["--tenant"]),
                (["admin", "key", "create", "--tenant", "a", "--role", "owner"], [:], ["--name"]),
                (["admin", "key", "create", "--tenant", "a", "--tenant", "b"], [:], ["--tenant"]),
                (["serve"], ["INSULA_PROT": "80"], ["INSULA_PROT"]),
                (["serve"], ["INSULA_SIGNUP": "sometimes"], ["INSULA_SIGNUP"]),
                (["serve"], ["INSULA_OWNER_EMAIL": "nowhere"], ["INSULA_OWNER_EMAIL"]),
                (
                    ["serve"], ["INSULA_PORT": "80000", "INSULA_LOG": "loud", "INSULA_WORKERS": "-1", "INSULA_TLS_KEY": "/x"],
                    ["INSULA_PORT", "INSULA_LOG", "INSULA_WORKERS", "INSULA_TLS_KEY"]
                ),
                (["serve"], ["INSULA_HOST": "example.com"], ["INSULA_HOST"]),
                (["serve"], ["INSULA_SMTP_URL": "smtps://h"], ["INSULA_MAIL_FROM"]),
                (["serve"], ["INSULA_SMTP_URL": "smtp://u:p@h?tls=none", "INSULA_MAIL_FROM": "a@b.c"], ["INSULA_SMTP_URL"]),
                (["serve"], ["INSULA_MAIL_FROM": "nobody"], ["INSULA_MAIL_FROM"]),
                (["serve"], ["INSULA_PUBLIC_URL": "ftp://here"], ["INSULA_PUBLIC_URL"]),
                (["serve"], ["INSULA_OUTBOUND_ALLOW": "everything"], ["INSULA_OUTBOUND_ALLOW"]),
                (["serve"], ["INSULA_TRUSTED_PROXIES": "10.0.0.0/8, nearby"], ["INSULA_TRUSTED_PROXIES"]),
                (["serve"], ["INSULA_TLS_KEY": "/none.pem", "INSULA_TLS_CERTIFICATE": "/none.pem"], ["/none.pem"]),
                (["migrate"], ["INSULA_MIGRATIONS": "/none"], ["/none"]),
            ]
            try await Installation.run { installation in
                for (arguments, settings, names) in cases {
                    let (child, ending) = try await installation.command(arguments, settings: settings)
                    #expect(ending == .status(64), "\(arguments) \(settings): \(ending), \(child.errors)")
                    #expect(child.output.isEmpty)
                    for name in names { #expect(child.errors.contains(name), "\(arguments) \(settings): \(child.errors)") }
                }
                #expect(!FileManager.default.fileExists(atPath: installation.cluster), "a wrong word has made a database")
                print("\(cases.count) cases ran of what is not understood")
            }
        }
    }
}
