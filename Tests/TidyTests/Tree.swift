// Reads the repository this test was built from. What the build and the operator leave there (dotted folders) is no part of it.

import Foundation

/// The files of the repository.
enum Tree {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// What lies at the top, without dotted names.
    static let topLevel = ((try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []).filter { !$0.hasPrefix(".") }

    /// Every Swift file, the manifest, and every migration.
    static let files: [SourceText] = {
        let folders = ["Sources", "Tests", "migrations"].flatMap { folder in
            (try? FileManager.default.subpathsOfDirectory(atPath: root.appendingPathComponent(folder).path))?
                .map { "\(folder)/\($0)" } ?? []
        }
        return (folders + ["Package.swift"]).filter { $0.hasSuffix(".swift") || $0.hasSuffix(".sql") || $0.hasSuffix(".h") }
            .sorted().compactMap(read)
    }()

    private static func read(_ path: String) -> SourceText? {
        guard let data = FileManager.default.contents(atPath: root.appendingPathComponent(path).path) else { return nil }
        return SourceText(path: path, text: String(decoding: data, as: UTF8.self))
    }
}
