// A real MCP server: the one of the `mcp` package of PyPI, which `ops/test` puts beside the build.

import Foundation
import Loop

/// A running server in Python.
final class MCPServerProcess: @unchecked Sendable {
    // Touched by the one thread of its pool alone.

    static let python = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent(".build/python").path

    /// Whether the package is installed.
    static var isThere: Bool {
        let libraries = (try? FileManager.default.contentsOfDirectory(atPath: python + "/lib")) ?? []
        return libraries.contains { FileManager.default.fileExists(atPath: "\(python)/lib/\($0)/site-packages/mcp") }
    }

    private static let script = """
        import socket, sys, uvicorn
        from mcp.server.mcpserver import MCPServer
        from mcp.server.mcpserver.exceptions import ToolError

        server = MCPServer("atlas", version="3.1")

        @server.tool()
        def add(a: int, b: int) -> int:
            "Adds two numbers."
            return a + b

        @server.tool()
        def fail() -> str:
            "Fails."
            raise ToolError("no such island")

        app = server.streamable_http_app(json_response=sys.argv[1] == "json", stateless_http=sys.argv[2] == "stateless")
        door = socket.socket()
        door.bind(("127.0.0.1", 0))
        door.listen(64)
        print(door.getsockname()[1], flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[door])
        """

    let port: Int
    private let process = Process()

    /// Runs `body` with one that answers in JSON or in streams, with sessions or without. It is given the port.
    static func run(answersJSON: Bool, isStateless: Bool, _ body: (Int) async throws -> Void) async throws {
        let pool = BlockingPool(name: "python", threads: 1)
        defer { pool.stop() }
        let server = try await pool.run {
            Result { try MCPServerProcess(answersJSON: answersJSON, isStateless: isStateless) }
        }.get()
        do {
            try await body(server.port)
        } catch {
            try await pool.run { server.stop() }
            throw error
        }
        try await pool.run { server.stop() }
    }

    private init(answersJSON: Bool, isStateless: Bool) throws {
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: MCPServerProcess.python + "/bin/python")
        process.arguments = [
            "-c", MCPServerProcess.script, answersJSON ? "json" : "sse", isStateless ? "stateless" : "stateful",
        ]
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        var line = Data()
        while !line.contains(0x0A) {
            let piece = pipe.fileHandleForReading.availableData
            guard !piece.isEmpty else { throw CocoaError(.fileReadUnknown) }
            line += piece
        }
        guard let port = Int(String(decoding: line.prefix { $0 != 0x0A }, as: UTF8.self)) else {
            throw CocoaError(.fileReadCorruptFile)
        }
        self.port = port
    }

    private func stop() {
        // It may have inherited a mask that holds back every signal that can be held back.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}
