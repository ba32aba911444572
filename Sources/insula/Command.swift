// Reads the arguments into a command. Every command knows its own help; a word that is not understood is named.

import Assembly
import Base
import Foundation

/// A command with its options.
struct Command {
    private let words: [String]
    private let options: [String: String]
    private let wantsHelp: Bool

    /// The commands with their options and what they do.
    static let table: [(words: String, options: [String], summary: String)] = [
        ("serve", ["--role"], "run the server (the default)"),
        ("migrate", [], "apply the migrations that are pending, and name them"),
        ("check", [], "check configuration, database, migrations and keys: a line each; exit status 1 when one fails"),
        ("openapi", [], "print the OpenAPI document"),
        (
            "admin tenant create", ["--slug", "--name", "--email"],
            "make a tenant with an owner; prints its password and key once"
        ),
        ("admin tenant list", [], "list the tenants: slug, state, plan, id, name"),
        ("admin user reset-password", ["--tenant", "--user"], "give somebody a new one-time password; prints it alone"),
        ("admin signup-code create", [], "make a code with which somebody may make a tenant; prints it alone, once"),
        ("admin operator create", ["--name"], "make an operator of the installation; prints the key alone"),
        ("admin operator list", [], "list the operators: id, whether revoked, name"),
        ("admin operator revoke", ["--id"], "revoke an operator's key"),
        (
            "admin key create", ["--tenant", "--role", "--name", "--scopes", "--expires"],
            "make an API key for a tenant; prints the key alone"
        ),
        ("admin signing-key rotate", [], "sign access tokens with the next key from now on"),
    ]

    /// - Throws: `.invalid` naming the argument that is not understood.
    init(_ arguments: [String]) throws(Fault) {
        var words: [String] = []
        var options: [String: String] = [:]
        var help = false
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--help" || argument == "-h" || argument == "help" {
                help = true
            } else if argument == "--version" {
                words.append("version")
            } else if argument.hasPrefix("--") {
                let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
                guard let value = parts.count == 2 ? parts[1] : rest.popFirst() else {
                    throw .invalid(argument, "required", "This option needs a value.")
                }
                guard options.updateValue(value, forKey: parts[0]) == nil else {
                    throw .invalid(parts[0], "duplicate", "This option is given twice.")
                }
            } else {
                words.append(argument)
            }
        }
        self.words = words
        self.options = options
        wantsHelp = help
    }

    func run() throws(Fault) {
        let name = words.isEmpty ? "serve" : words.joined(separator: " ")
        let isPart = Command.table.contains { $0.words == name || $0.words.hasPrefix(name + " ") }
        if wantsHelp, words.isEmpty || isPart { return Terminal.say(Command.help(about: words.isEmpty ? nil : name)) }
        if name == "version" { return Terminal.say("insula \(Composition.version)") }
        guard let row = Command.table.first(where: { $0.words == name }) else {
            throw isPart
                ? .invalid(name, "unknown", "This command has parts. insula \(name) --help lists them.")
                : .invalid(name, "unknown", "There is no such command. insula --help lists them.")
        }
        for option in options.keys.sorted() where !row.options.contains(option) {
            throw .invalid(option, "unknown", "insula \(name) has no such option.")
        }
        var environment = ProcessInfo.processInfo.environment
        if name == "serve", let role = options["--role"] { environment["INSULA_ROLE"] = role }
        var configuration = try Configuration(
            environment: environment, coreCount: ProcessInfo.processInfo.activeProcessorCount)
        try LLMKeyFile.load(into: &configuration)
        Log.setLevel(configuration.logLevel)
        switch name {
        case "serve": try Serve(configuration).run()
        case "migrate": try Operation(configuration).migrate()
        case "check": try Check(configuration).run()
        case "openapi": try Operation(configuration).printOpenAPI()
        case "admin tenant create":
            let slug = try option("--slug")
            try Operation(configuration).createTenant(slug: slug, name: options["--name"] ?? slug, email: options["--email"])
        case "admin user reset-password":
            try Operation(configuration).resetPassword(tenant: option("--tenant"), user: option("--user"))
        case "admin signup-code create": try Operation(configuration).createSignUpCode()
        case "admin tenant list": try Operation(configuration).listTenants()
        case "admin operator create": try Operation(configuration).createOperator(name: option("--name"))
        case "admin operator list": try Operation(configuration).listOperators()
        case "admin operator revoke": try Operation(configuration).revokeOperator(option("--id"))
        case "admin key create":
            try Operation(configuration).createKey(
                tenant: option("--tenant"), role: option("--role"), name: option("--name"), scopes: options["--scopes"],
                expiry: options["--expires"])
        case "admin signing-key rotate": try Operation(configuration).rotateSigningKeys()
        default: preconditionFailure("\(name) is in the table of commands and not in the list that runs them")
        }
    }

    private func option(_ name: String) throws(Fault) -> String {
        guard let value = options[name] else { throw .invalid(name, "required", "This option is required.") }
        return value
    }

    private static func help(about name: String?) -> String {
        var lines = ["usage: insula [COMMAND] [OPTIONS]", ""]
        for row in table where name == nil || row.words == name || row.words.hasPrefix((name ?? "") + " ") {
            let options = row.options.map { "\($0) …" }.joined(separator: " ")
            lines.append("  insula \(row.words)\(options.isEmpty ? "" : " ")\(options)")
            lines.append("      \(row.summary)")
        }
        guard name == nil || name == "serve" else { return lines.joined(separator: "\n") }
        lines += ["", "Settings, from the environment:", ""]
        for setting in Configuration.settings {
            lines.append("  \(setting.variable)\(setting.standard.isEmpty ? "" : " (\(setting.standard))")")
            lines.append("      \(setting.summary)")
        }
        return lines.joined(separator: "\n")
    }
}
