// TLS on both sides over real sockets, with certificates that `openssl req` makes in a temporary folder.

import Base
import Foundation
import Loop
import Testing

@testable import HTTP

/// A folder with a certificate that is its own authority. Removed with its last user.
final class Certificates: Sendable {
    let folder: URL
    var certificate: String { folder.appendingPathComponent("certificate.pem").path }
    var key: String { folder.appendingPathComponent("key.pem").path }

    init(_ names: String) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("insula-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try make(names)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// Writes a new pair of files in place of the old.
    func make(_ names: String) throws {
        let made = try Certificates.openssl([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
            "/CN=insula test",
            "-addext", "subjectAltName=\(names)", "-keyout", key, "-out", certificate,
        ])
        try #require(made.status == 0, "\(made.output)")
    }

    /// Runs `openssl` to its end. Blocks.
    static func openssl(_ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        let output = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    /// What `openssl s_client` says to a server. Runs on a pool, so that the server's loop goes on.
    static func greet(_ port: UInt16, _ arguments: String..., pool: BlockingPool) async throws -> (status: Int32, output: String)
    {
        try await pool.run { () throws(Fault) in
            do {
                return try openssl(["s_client", "-connect", "127.0.0.1:\(port)"] + arguments)
            } catch {
                throw Fault(.internalError, "openssl could not be run.", cause: "\(error)")
            }
        }
    }
}

@Suite struct TLSTests {
    private static let here = "DNS:localhost,IP:127.0.0.1"

    private func client(_ group: LoopGroup, trusting file: String?) throws -> OutgoingClient {
        OutgoingClient(
            group: group, rule: try AddressGuard(allowing: "127.0.0.0/8,::1/128"), pool: BlockingPool(name: "names"),
            trustFile: file)
    }

    private func get(_ host: String, _ scene: Scene, _ path: String = "/x") throws -> ClientRequest {
        try ClientRequest(.get, "https://\(host):\(scene.server.address.port)\(path)")
    }

    @Test func `our client and our server speak TLS, by name and by address, and use the connection again`() async throws {
        let files = try Certificates(Self.here)
        try await withServer(tls: try TLSContext(certificateFile: files.certificate, keyFile: files.key)) { scene in
            let client = try client(scene.group, trusting: files.certificate)
            for host in ["localhost", "127.0.0.1", "localhost"] {
                let response = try await client.send(try get(host, scene))
                #expect(response.status == 200 && response.body == Array("GET /x".utf8))
            }
            #expect(scene.server.connectionCount == 2)
            let again = try await client.send(try get("127.0.0.1", scene))
            #expect(again.timings.reusedConnection && again.timings.tlsMilliseconds == 0)
            await client.stop()
            #expect(await until { scene.server.connectionCount == 0 })
        }
    }

    @Test func `a long body crosses TLS in both directions`() async throws {
        let files = try Certificates(Self.here)
        try await withServer(tls: try TLSContext(certificateFile: files.certificate, keyFile: files.key)) { scene in
            let client = try client(scene.group, trusting: files.certificate)
            var flood = try get("localhost", scene, "/flood")
            flood.responseLimitBytes = 32 << 20
            let count = try await client.withResponse(to: flood) { (stream) async throws(Fault) -> Int in
                var count = 0
                while let piece = try await stream.next() { count += piece.count }
                return count
            }
            #expect(count == 32 << 20)
            var echo = try get("localhost", scene, "/echo")
            echo.method = .post
            echo.body = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0) }
            #expect(try await client.send(echo).body == echo.body)
            await client.stop()
        }
    }

    @Test func `a certificate for another name, or that nobody vouches for, is not accepted`() async throws {
        let files = try Certificates("DNS:other.example,DNS:*.wild.example")
        try await withServer(tls: try TLSContext(certificateFile: files.certificate, keyFile: files.key)) { scene in
            let trusting = try client(scene.group, trusting: files.certificate)
            let strange = try client(scene.group, trusting: nil)
            for (client, host, reason) in [
                (trusting, "localhost", "hostname mismatch"), (trusting, "127.0.0.1", "IP address mismatch"),
                (strange, "localhost", "self"),
            ] {
                let request = try get(host, scene)
                let fault = await fault { () throws(Fault) in try await client.send(request) }
                #expect(fault?.code == .outboundUnreachable)
                #expect(fault?.message.contains(reason) == true, "\(fault?.message ?? "no fault")")
                #expect(await client.connectionCounts().open == 0)
            }
            #expect(scene.responder.seen.isEmpty)
            #expect(await until { scene.server.connectionCount == 0 })
        }
    }

    @Test func `HTTP/1.1 is what ALPN agrees on, and a client without it is refused`() async throws {
        let files = try Certificates(Self.here)
        let pool = BlockingPool(name: "openssl")
        try await withServer(tls: try TLSContext(certificateFile: files.certificate, keyFile: files.key)) { scene in
            let port = scene.server.address.port
            let ours = try await Certificates.greet(port, "-alpn", "h2,http/1.1", pool: pool)
            #expect(ours.status == 0 && ours.output.contains("ALPN protocol: http/1.1"))
            let none = try await Certificates.greet(port, pool: pool)
            #expect(none.status == 0 && none.output.contains("No ALPN negotiated"))
            let other = try await Certificates.greet(port, "-alpn", "h2", pool: pool)
            #expect(other.status != 0 && other.output.contains("no application protocol"))
        }
    }

    @Test func `TLS 1.2 and 1.3 are spoken, and nothing older`() async throws {
        let files = try Certificates(Self.here)
        let pool = BlockingPool(name: "openssl")
        try await withServer(tls: try TLSContext(certificateFile: files.certificate, keyFile: files.key)) { scene in
            let port = scene.server.address.port
            for version in ["-tls1_2", "-tls1_3"] { #expect(try await Certificates.greet(port, version, pool: pool).status == 0) }
            for version in ["-tls1", "-tls1_1"] {
                let old = try await Certificates.greet(port, version, "-cipher", "DEFAULT@SECLEVEL=0", pool: pool)
                #expect(old.status != 0 && old.output.contains("protocol version"), "\(old.output)")
            }
        }
    }

    @Test func `certificates are loaded anew while the server runs, and bad files change nothing`() async throws {
        let files = try Certificates(Self.here)
        let context = try TLSContext(certificateFile: files.certificate, keyFile: files.key)
        let old = try Certificates(Self.here)
        try FileManager.default.removeItem(atPath: old.certificate)
        try FileManager.default.copyItem(atPath: files.certificate, toPath: old.certificate)
        try files.make(Self.here)
        try await withServer(tls: context) { scene in
            func isTrusted(_ file: String) async throws -> Bool {
                let client = try client(scene.group, trusting: file)
                let request = try get("localhost", scene)
                let fault = await fault { () throws(Fault) in try await client.send(request) }
                await client.stop()
                return fault == nil
            }
            #expect(try await isTrusted(old.certificate))
            #expect(try await !isTrusted(files.certificate))
            try context.reload()
            #expect(try await isTrusted(files.certificate))
            #expect(try await !isTrusted(old.certificate))
            // The key is another certificate's, then nonsense.
            try FileManager.default.removeItem(atPath: files.key)
            try FileManager.default.copyItem(atPath: old.key, toPath: files.key)
            #expect(#expect(throws: Fault.self) { try context.reload() }?.fields.first?.path == "INSULA_TLS_KEY")
            try Data("nonsense".utf8).write(to: URL(fileURLWithPath: files.key))
            #expect(throws: Fault.self) { try context.reload() }
            #expect(try await isTrusted(files.certificate))
        }
    }

    @Test func `plain HTTP gets no HTTP from a port of TLS, nor TLS from a port of plain HTTP`() async throws {
        let files = try Certificates(Self.here)
        try await withServer(tls: try TLSContext(certificateFile: files.certificate, keyFile: files.key)) { scene in
            let wire = try await scene.dial()
            try await wire.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(!(try await wire.takeAll().contains("HTTP/")))
            #expect(scene.responder.seen.isEmpty)
            wire.close()
        }
        try await withServer { scene in
            let client = try client(scene.group, trusting: files.certificate)
            let request = try get("localhost", scene)
            #expect(await fault { () throws(Fault) in try await client.send(request) }?.code == .outboundUnreachable)
            #expect(scene.responder.seen.isEmpty)
        }
    }

    @Test func `a handshake that does not end is cut at the deadline of a head`() async throws {
        let files = try Certificates(Self.here)
        var limits = ServerLimits()
        limits.headMilliseconds = 50
        try await withServer(limits, tls: try TLSContext(certificateFile: files.certificate, keyFile: files.key)) { scene in
            let wire = try await scene.dial()
            try await wire.send([0x16, 3, 1, 2, 0, 1])
            #expect(try await wire.takeAll() == "")
            wire.close()
        }
    }

    @Test func `half a record makes its connection wait and nobody else`() async throws {
        let files = try Certificates(Self.here)
        try await withServer(tls: try TLSContext(certificateFile: files.certificate, keyFile: files.key)) { scene in
            let wire = try await scene.dial()
            let trust = try TLSContext(trustFile: files.certificate)
            let session = try #require(trust.session(for: wire.socket, connectingTo: "localhost", isAddress: false))
            try await session.handshake()
            // The head of a record of 64 bytes, and a few of them.
            try await wire.send([0x17, 3, 3, 0, 64, 1, 2, 3])
            #expect(await until { scene.server.connectionCount == 1 })
            let client = try client(scene.group, trusting: files.certificate)
            for _ in 0..<3 { #expect(try await client.send(try get("localhost", scene)).status == 200) }
            await client.stop()
            wire.close()
        }
    }

    @Test func `closing while TLS waits is safe at every stage`() async throws {
        let files = try Certificates(Self.here)
        try await withServer(tls: try TLSContext(certificateFile: files.certificate, keyFile: files.key)) { scene in
            var wires: [Wire] = []
            for _ in 0..<8 { wires.append(try await scene.dial()) }
            // Some connections have not begun their handshake, some are in it.
            for wire in wires.prefix(4) { try await wire.send([0x16, 3, 1]) }
            await scene.server.stop(graceMilliseconds: 1_000)
            for wire in wires {
                _ = try await wire.takeAll()
                wire.close()
            }
            #expect(scene.server.connectionCount == 0)
        }
    }
}
