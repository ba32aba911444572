// A real MCP server: the one of the `mcp` package of PyPI, which `ops/test` puts beside the build.

import Foundation

/// A running server in Python.
struct MCPServerProcess {
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

        server = MCPServer("atlas", version="3.1")

        @server.tool()
        def add(a: int, b: int) -> int:
            "Adds two numbers."
            return a + b

        @server.tool()
        def fail() -> str:
            "Fails."
            raise ValueError("no such island")

        app = server.streamable_http_app(json_response=sys.argv[1] == "json", stateless_http=sys.argv[2] == "stateless")
        door = socket.socket()
        door.bind(("127.0.0.1", 0))
        print(door.getsockname()[1], flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[door])
        """

    let port: Int
    private let process: Process

    /// Starts one that answers in JSON or in streams, with sessions or without.
    init(answersJSON: Bool, isStateless: Bool) throws {
        process = Process()
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

    func stop() {
        process.terminate()
        process.waitUntilExit()
    }
}
