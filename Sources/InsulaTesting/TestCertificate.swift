// A certificate that is its own authority, made by `openssl` in a scratch folder, for servers of tests that speak TLS.

import Base
import Foundation

/// A certificate with its key. Its files go with its last user.
public final class TestCertificate: Sendable {
    private let folder: URL
    /// The PEM file of the certificate, which is also what to trust.
    public var file: String { folder.appendingPathComponent("certificate.pem").path }
    public var keyFile: String { folder.appendingPathComponent("key.pem").path }

    /// - Parameter names: as `subjectAltName` has them, such as `DNS:localhost,IP:127.0.0.1`.
    public init(_ names: String = "DNS:localhost,IP:127.0.0.1") throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("insula-test-certificate-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
            "/CN=insula test", "-addext", "subjectAltName=\(names)", "-keyout", keyFile, "-out", file,
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Fault(.internalError, "openssl made no certificate.") }
    }

    deinit { try? FileManager.default.removeItem(at: folder) }
}
