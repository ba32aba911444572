// Our tokens, read by somebody else's implementation: PyJWT, with what we publish and nothing more. `ops/test` installs it; where it is not,
// this is skipped.

import Base
import Foundation
import InsulaTesting
import JSON
import Testing

/// The Python that `ops/test` puts beside the build.
enum Python {
    static let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent(".build/python/bin/python").path

    static var isThere: Bool { FileManager.default.isExecutableFile(atPath: path) }

    /// Runs a script with those arguments.
    /// - Returns: what it printed, and its exit status.
    static func run(_ script: String, _ arguments: [String]) throws -> (output: String, status: Int32) {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = ["-c", script] + arguments
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (String(decoding: output, as: UTF8.self), process.terminationStatus)
    }
}

@Suite struct PythonTests {
    private static let script = """
        import json, sys, jwt
        keys, token, issuer = jwt.PyJWKSet.from_json(sys.argv[1]), sys.argv[2], sys.argv[3]
        header = jwt.get_unverified_header(token)
        assert header["typ"] == "at+jwt", header
        claims = jwt.decode(token, keys[header["kid"]].key, algorithms=["EdDSA"], audience=issuer, issuer=issuer,
            options={"require": ["iss", "aud", "sub", "iat", "exp", "jti"]})
        print(json.dumps(claims))
        """

    @Test(.enabled(if: Python.isThere, "./ops/test installs PyJWT"))
    func `PyJWT verifies our tokens by the keys that we publish`()
        async throws
    {
        let visit = try await Visit()
        let person = try visit.tenant.person()
        let session = try await person.session()
        let keys = try await visit.call(200, "GET", "/.well-known/jwks.json").text
        let issuer = "http://127.0.0.1:0"
        let good = try Python.run(PythonTests.script, [keys, session.accessToken, issuer])
        try #require(good.status == 0, "\(good.output)")
        let claims = try JSONValue(parsing: Array(good.output.utf8))
        #expect(claims["sub"]?.string == person.id.description && claims["sid"]?.string == session.id)
        #expect(claims["scope"]?.string?.contains("agents:write") == true && claims["amr"] == ["pwd"])
        // It is no yes to everything.
        let other = try await visit.tenant.person().session()
        let mixed = session.accessToken.split(separator: ".").prefix(2) + other.accessToken.split(separator: ".").suffix(1)
        for (token, issuer) in [(mixed.joined(separator: "."), issuer), (session.accessToken, "https://other.example")] {
            #expect(try Python.run(PythonTests.script, [keys, token, issuer]).status != 0)
        }
    }
}
