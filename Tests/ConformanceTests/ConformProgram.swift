// Finds and starts the conformance program, which the build puts beside the test bundle. Waiting for a process blocks a thread, so it
// is done on a pool, and one process at a time: a child that starts while another's pipes are being made would hold them open.

import Base
import Foundation
import Loop
import Testing

/// All tests that start processes.
@Suite(.serialized) enum Conformance {}

enum ConformProgram {
    private final class Marker {}
    private static let pool = BlockingPool(name: "conform", threads: 1, queueLimit: 64)

    private static func onPool<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        let result = try await pool.run { Result { try body() } }
        return try result.get()
    }

    static let path = {
        let bundle = Bundle(for: Marker.self).bundleURL
        let folders = [bundle, bundle.deletingLastPathComponent(), Bundle.main.bundleURL]
        let paths = folders.map { $0.appendingPathComponent("Conform").path }
        return paths.first { FileManager.default.isExecutableFile(atPath: $0) } ?? paths[1]
    }()

    /// Runs a program to its end with `input`. `nil` when `env` does not find it.
    static func run(
        _ program: String, _ arguments: [String], input: [UInt8] = []
    ) async throws -> (status: Int32, output: String)? {
        try await onPool {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: program)
            process.arguments = arguments
            let standardInput = Pipe()
            let standardOutput = Pipe()
            process.standardInput = standardInput
            process.standardOutput = standardOutput
            process.standardError = FileHandle.nullDevice
            try process.run()
            try standardInput.fileHandleForWriting.write(contentsOf: Data(input))
            try standardInput.fileHandleForWriting.close()
            let output = try standardOutput.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            let status = process.terminationStatus
            return status == 127 ? nil : (status, String(decoding: output, as: UTF8.self))
        }
    }

    /// A server that listens, until its process is ended.
    static func startServer() async throws -> Server {
        try await onPool {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: path)
            process.arguments = ["echo", "0"]
            let output = Pipe()
            process.standardOutput = output
            try process.run()
            let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
            guard let port = line.split(separator: ":").last.flatMap({ UInt16($0.dropLast()) }) else {
                process.terminate()
                throw Fault(.unavailable, "The server did not say where it listens: \(line)")
            }
            return Server(process: process, port: port)
        }
    }

    struct Server: @unchecked Sendable {
        /// Ended once, by the one test that started it: that is what makes it safe to hand over.
        let process: Process
        let port: UInt16
    }
}
