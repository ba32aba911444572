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

@Suite struct PythonSocketTests {
    private static let script = """
        import json, sys
        from websockets.sync.client import connect
        from websockets.exceptions import ConnectionClosed
        url, key = sys.argv[1], sys.argv[2]
        def open():
            fields = {"Authorization": "Bearer " + key}
            return connect(url, additional_headers=fields, compression="deflate", open_timeout=60, close_timeout=60)
        def ends(socket, code):
            try:
                while True: socket.recv(60)
            except ConnectionClosed as end:
                assert end.rcvd and end.rcvd.code == code, end
        def is_ready(socket):
            return json.loads(socket.recv(60))["type"] == "ready"
        with open() as socket:
            # No extension is spoken, whatever is offered.
            assert is_ready(socket) and "Sec-WebSocket-Extensions" not in socket.response.headers
            # A message in parts, with a ping between them and another behind.
            def parts():
                yield '{"type":'
                assert socket.ping(b"between").wait(60)
                yield '"subscribe","last_seq":0}'
            socket.send(parts())
            assert json.loads(socket.recv(60))["type"] == "subscribed"
            for seq in range(1, 51):
                message = json.loads(socket.recv(60))
                assert message["type"] == "event" and message["event"]["seq"] == seq, message
            assert socket.ping("µ".encode() * 60).wait(60)
            socket.send('{"type":"shout","filling":"' + "é" * 30000 + '"}')
            assert json.loads(socket.recv(60))["errors"][0]["field"] == "type"
            socket.close(4000, "fine")
            assert socket.close_code == 4000, socket.close_code
        for bad, code in [(b"bytes", 1003), ("x" * 70000, 1009)]:
            with open() as socket:
                assert is_ready(socket)
                socket.send(bad)
                ends(socket, code)
        with connect(url, subprotocols=["insula.v1", "insula.bearer." + key], open_timeout=60) as socket:
            assert socket.subprotocol == "insula.v1" and is_ready(socket)
        print("good")
        """

    @Test(.enabled(if: Python.isThere, "./ops/test installs websockets"))
    func `the websockets package of Python watches events`() async throws {
        let visit = try await Visit()
        try visit.server.happen("execution.started", in: visit.tenant.id, count: 50)
        let outcome = try Python.run(
            PythonSocketTests.script, ["ws://127.0.0.1:\(visit.server.port)/v1/events", visit.tenant.key])
        #expect(outcome.status == 0 && outcome.output.hasSuffix("good\n"), "\(outcome.output)")
    }
}
