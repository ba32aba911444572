// swift-tools-version: 6.2
// One package, no dependencies: a supply chain that one person can audit.
// Rows follow the layers of the README; a target imports only rows above its own here.

import PackageDescription

let settings: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    // The law of exclusivity is checked while the tests run, in debug builds; in the product the check would cost a tenth of the loop.
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

/// A target whose arrows point down to `imports` alone.
func layer(_ name: String, _ imports: Target.Dependency...) -> Target {
    .target(name: name, dependencies: imports, swiftSettings: settings)
}

/// The tests of the target of the same name.
func tests(_ name: String, _ imports: Target.Dependency...) -> Target {
    .testTarget(name: name + "Tests", dependencies: [.byName(name: name)] + imports, swiftSettings: settings)
}

let package = Package(
    name: "insula",
    targets: [
        // 0: bridges to C. Headers and static inline shims, no logic.
        .target(name: "CLinux"),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CArgon2", pkgConfig: "libargon2", providers: [.apt(["libargon2-dev"])]),
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        // 1
        layer("Base", "CLinux"),
        layer("JSON", "Base"),
        // 2
        layer("Loop", "Base", "CLinux"),
        layer("Crypto", "Base", "JSON", "COpenSSL", "CArgon2"),
        // 3
        layer("HTTP", "Base", "Loop", "Crypto", "CLinux", "COpenSSL"),
        layer("HTML", "Base"),
        layer("Postgres", "Base", "Loop", "CLinux", "CPostgres"),
        // 4
        layer("Tenancy", "Base", "JSON", "Loop", "Crypto", "Postgres"),
        layer("Mail", "Base", "Loop", "Crypto", "HTTP", "Postgres"),
        // 5
        layer("Identity", "Base", "JSON", "Loop", "Crypto", "HTTP", "Postgres", "Tenancy", "Mail"),
        layer("RateLimiting", "Base", "JSON", "Loop", "HTTP", "Postgres", "Tenancy"),
        // 6
        layer("Execution", "Base", "JSON", "Loop", "Crypto", "HTTP", "HTML", "Postgres", "Tenancy", "Mail"),
        // 7
        layer(
            "API", "Base", "JSON", "Loop", "Crypto", "HTTP", "Postgres", "Tenancy", "Mail", "Identity", "RateLimiting",
            "Execution"),
        // 8: how the parts meet, apart from the command line so that tests can run whole servers of them.
        layer(
            "Assembly", "Base", "Loop", "Crypto", "HTTP", "Postgres", "Tenancy", "Mail", "Identity", "RateLimiting", "Execution",
            "API"),
        .executableTarget(
            name: "insula",
            dependencies: ["Base", "Loop", "Crypto", "HTTP", "Postgres", "Tenancy", "Identity", "API", "Assembly"],
            swiftSettings: settings),

        // Imported by tests alone.
        layer(
            "InsulaTesting", "Base", "JSON", "Loop", "Crypto", "HTTP", "Postgres", "Tenancy", "Mail", "Identity", "API",
            "Assembly"),

        tests("Base"),
        tests("JSON", "Base"),
        tests("Loop", "Base"),
        tests("Crypto", "Base", "JSON", "COpenSSL"),
        tests("HTTP", "Base", "Loop"),
        tests("HTML", "Base"),
        tests("Postgres", "Base", "Loop", "InsulaTesting"),
        tests("Mail", "Base", "Loop", "Crypto", "HTTP", "Postgres", "InsulaTesting"),
        tests("Identity", "Base", "JSON", "Loop", "Crypto", "HTTP", "Postgres", "Tenancy", "Mail", "InsulaTesting"),
        tests("RateLimiting", "Base", "JSON", "Loop", "HTTP", "Postgres", "InsulaTesting"),
        tests("Tenancy", "Base", "JSON", "Loop", "Postgres", "InsulaTesting"),
        tests("Execution", "Base", "JSON", "Loop", "Crypto", "HTTP", "Postgres", "Tenancy", "Mail", "InsulaTesting"),
        tests("API", "Base", "JSON", "Crypto", "HTML", "HTTP", "Postgres", "Tenancy", "Identity", "InsulaTesting"),
        .testTarget(
            name: "IsolationTests", dependencies: ["Base", "JSON", "HTTP", "Postgres", "Tenancy", "InsulaTesting"],
            swiftSettings: settings),
        // Whole processes: the built program, started and killed.
        .testTarget(
            name: "FaultTests", dependencies: ["Base", "Crypto", "JSON", "Loop", "Postgres", "InsulaTesting", "insula"],
            swiftSettings: settings),

        // What `ops/bench` times in one process. Never shipped.
        .executableTarget(
            name: "Measure", dependencies: ["Base", "Crypto", "JSON", "Identity", "RateLimiting", "Tenancy"],
            path: "Tests/Measure", swiftSettings: settings),
        // The conformance program: built with the tests, never shipped.
        .executableTarget(
            name: "Conform", dependencies: ["Base", "JSON", "Loop", "Crypto", "HTTP", "HTML", "Execution"], path: "Tests/Conform",
            swiftSettings: settings),
        .testTarget(name: "ConformanceTests", dependencies: ["Base", "JSON", "Loop", "Conform"], swiftSettings: settings),
        .testTarget(name: "TidyTests", swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
