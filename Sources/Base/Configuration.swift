// Everything an operator can set, read once at start from the environment. Each setting is declared in one place with its
// default and a sentence, from which reading, `--help` and `insula check` all come. Every wrong value is named at once.

/// The settings of one process.
public struct Configuration: Sendable {
    /// The address to listen on. Loopback unless the operator says otherwise.
    public var host: String
    public var port: Int
    /// The folder of the embedded database, logs and keys.
    public var dataFolder: String
    /// A libpq URI. Without one the embedded cluster runs.
    public var databaseURL: Secret?
    /// The root key as text. Without one it is kept in a file.
    public var rootKey: Secret?
    /// The file of the root key, when it is not the one in the data folder.
    public var rootKeyFile: String?
    public var loopCount: Int
    public var migrationsFolder: String?
    /// CIDRs with optional ports that outgoing requests may reach though they are not public.
    public var outboundAllow: String
    public var tlsCertificateFile: String?
    public var tlsKeyFile: String?
    public var logLevel: Log.Level
    /// What `/metrics` wants as bearer token. Without one it answers loopback peers alone.
    public var metricsToken: Secret?
    /// CIDRs of the proxies whose word about the caller's address is taken.
    public var trustedProxies: String
    /// The address at which callers reach this installation, without a slash at the end. Tokens name it as their issuer.
    public var publicURL: String
    /// The word in the text of new API keys that tells one installation's from another's.
    public var keyEnvironment: String
    /// Requests a minute of one address without a good credential.
    public var anonymousPerMinute: Int
    /// Requests a second of one address that try a credential.
    public var authenticationPerSecond: Int
    /// Origins that browsers may call from.
    public var corsOrigins: [String]
    /// What this process is for.
    public var role: NodeRole
    /// Executions that run at once on this node.
    public var workerConcurrency: Int
    /// For so long a tenant that was given up can be brought back.
    public var deletionDelayHours: Int
    /// Memory of one password hash, in MiB.
    public var passwordMemoryMebibytes: Int
    /// Passes over that memory.
    public var passwordPasses: Int
    /// Passwords that are hashed at once.
    public var passwordThreads: Int
    /// Who may make a tenant.
    public var signUp: SignUpPolicy
    /// The address of the first tenant's owner.
    public var ownerEmail: String?

    /// The server that takes our mail. Without one mail is written to a folder.
    public var smtpURL: Secret?
    /// Who mail comes from: `local@domain` or `Name <local@domain>`.
    public var mailFrom: String

    /// Where models are asked. Without a URL no model is.
    public var llm: LanguageModel

    /// The server of models.
    public struct LanguageModel: Sendable {
        /// As far as `/chat/completions`.
        public var url: String?
        public var model: String
        public var key: Secret?
        /// The file of that key, for whoever starts the process to read.
        public var keyFile: String?
        /// Dollars a million tokens, of what is asked and of the answer; `nil` when not known.
        public var inputPrice: Double?
        public var outputPrice: Double?
        /// The longest that one answer may take.
        public var timeoutSeconds: Int
        /// Whether answers are asked for as a stream.
        public var isStreaming: Bool

        fileprivate init(_ reader: inout Reader) {
            url = reader.optional("INSULA_LLM_URL")
            model = reader.text("INSULA_LLM_MODEL")
            key = reader.optional("INSULA_LLM_KEY").map { Secret($0) }
            keyFile = reader.optional("INSULA_LLM_KEY_FILE")
            inputPrice = reader.price("INSULA_LLM_INPUT_PRICE")
            outputPrice = reader.price("INSULA_LLM_OUTPUT_PRICE")
            timeoutSeconds = reader.number("INSULA_LLM_TIMEOUT", 1...600)
            isStreaming = reader.text("INSULA_LLM_STREAM") == "on"
            if url != nil, model.isEmpty {
                reader.refuse("INSULA_LLM_MODEL", "required", "INSULA_LLM_URL needs INSULA_LLM_MODEL.")
            }
            if key != nil, keyFile != nil {
                reader.refuse(
                    "INSULA_LLM_KEY_FILE", "duplicate", "INSULA_LLM_KEY and INSULA_LLM_KEY_FILE are not set together.")
            }
            if (inputPrice == nil) != (outputPrice == nil) {
                reader.refuse("INSULA_LLM_OUTPUT_PRICE", "required", "The prices of both directions are set together.")
            }
            if !["on", "off"].contains(reader.text("INSULA_LLM_STREAM")) {
                reader.refuse("INSULA_LLM_STREAM", "enum", "INSULA_LLM_STREAM is on or off.")
            }
        }
    }

    /// One setting: the environment variable, its default as text, and what it does.
    public struct Setting: Sendable {
        public let variable: String
        public let standard: String
        public let summary: String
    }

    public static let settings: [Setting] = [
        Setting(variable: "INSULA_HOST", standard: "127.0.0.1", summary: "IPv4 or IPv6 address to listen on"),
        Setting(variable: "INSULA_PORT", standard: "8000", summary: "TCP port to listen on; 0 lets the system choose"),
        Setting(variable: "INSULA_DATA", standard: ".insula", summary: "folder of the embedded database and its log"),
        Setting(
            variable: "INSULA_DATABASE_URL", standard: "", summary: "libpq URI of a PostgreSQL server; empty: the embedded one"),
        Setting(
            variable: "INSULA_ROOT_KEY", standard: "",
            summary: "the root key, as the text that a root key file holds; empty: a file"),
        Setting(
            variable: "INSULA_ROOT_KEY_FILE", standard: "",
            summary: "file of the root key; empty: root.key in INSULA_DATA, made at the first start"),
        Setting(variable: "INSULA_LOOPS", standard: "0", summary: "event loops; 0: one a core"),
        Setting(
            variable: "INSULA_MIGRATIONS", standard: "", summary: "folder of the migrations; empty: found beside the program"),
        Setting(
            variable: "INSULA_OUTBOUND_ALLOW", standard: "",
            summary: "non-public targets that tools may reach: CIDR or CIDR:port, separated by commas"),
        Setting(
            variable: "INSULA_TLS_CERTIFICATE", standard: "",
            summary: "PEM file of the certificate chain; with it the port speaks TLS"),
        Setting(variable: "INSULA_TLS_KEY", standard: "", summary: "PEM file of the private key"),
        Setting(variable: "INSULA_LOG", standard: "info", summary: "least level of log lines: debug, info, warning, error"),
        Setting(variable: "INSULA_METRICS_TOKEN", standard: "", summary: "bearer token of /metrics; empty: loopback peers only"),
        Setting(
            variable: "INSULA_TRUSTED_PROXIES", standard: "",
            summary: "proxies whose X-Forwarded-For or Forwarded is believed: CIDRs, separated by commas"),
        Setting(
            variable: "INSULA_PUBLIC_URL", standard: "",
            summary: "address at which callers reach this server, such as https://api.example.com; empty: host and port"),
        Setting(
            variable: "INSULA_KEY_ENVIRONMENT", standard: "live", summary: "word in new API keys: 1 to 8 of a-z and 0-9"),
        Setting(
            variable: "INSULA_ANONYMOUS_PER_MINUTE", standard: "20",
            summary: "requests a minute of one address without a good credential"),
        Setting(
            variable: "INSULA_AUTHENTICATION_PER_SECOND", standard: "5",
            summary: "requests a second of one address that try a credential"),
        Setting(
            variable: "INSULA_CORS_ORIGINS", standard: "", summary: "origins that browsers may call from, separated by commas"),
        Setting(
            variable: "INSULA_DELETION_DELAY_HOURS", standard: "168",
            summary: "hours for which a tenant that was given up can be brought back"),
        Setting(
            variable: "INSULA_ROLE", standard: "all", summary: "what this process is for: all, api or worker; --role of serve"),
        Setting(variable: "INSULA_WORKERS", standard: "64", summary: "executions that run at once on this node"),
        Setting(variable: "INSULA_PASSWORD_MEMORY", standard: "19", summary: "MiB of memory that one password hash takes"),
        Setting(variable: "INSULA_PASSWORD_PASSES", standard: "2", summary: "passes of a password hash over its memory"),
        Setting(
            variable: "INSULA_PASSWORD_THREADS", standard: "0", summary: "passwords that are hashed at once; 0: half the cores"),
        Setting(
            variable: "INSULA_SMTP_URL", standard: "",
            summary: "smtps://user:password@host:465, or smtp:// for STARTTLS; empty: mail is written to a folder"),
        Setting(
            variable: "INSULA_MAIL_FROM", standard: "insula@localhost",
            summary: "sender of mail, as address or Name <address>; needed with INSULA_SMTP_URL"),
        Setting(
            variable: "INSULA_SIGNUP", standard: "closed",
            summary: "who may make a tenant: open, invite (whoever has a code of insula admin signup-code create), closed"),
        Setting(variable: "INSULA_OWNER_EMAIL", standard: "", summary: "e-mail address of the first tenant's owner"),
        Setting(
            variable: "INSULA_LLM_URL", standard: "",
            summary: "server of models that speaks chat completions, such as https://api.openai.com/v1; empty: none"),
        Setting(variable: "INSULA_LLM_MODEL", standard: "", summary: "name of the model; needed with INSULA_LLM_URL"),
        Setting(variable: "INSULA_LLM_KEY", standard: "", summary: "key for the server of models; empty: none is sent"),
        Setting(variable: "INSULA_LLM_KEY_FILE", standard: "", summary: "file of that key, in place of the key"),
        Setting(
            variable: "INSULA_LLM_INPUT_PRICE", standard: "",
            summary: "dollars a million tokens of what is asked; empty: not known, and so is the cost"),
        Setting(variable: "INSULA_LLM_OUTPUT_PRICE", standard: "", summary: "dollars a million tokens of the answer"),
        Setting(variable: "INSULA_LLM_TIMEOUT", standard: "120", summary: "seconds that one answer of a model may take"),
        Setting(variable: "INSULA_LLM_STREAM", standard: "on", summary: "whether answers are asked for as a stream: on, off"),
    ]

    /// Reads the settings from `environment`.
    /// - Throws: `.invalid` with a field for every variable that is not well formed, unknown `INSULA_` names included.
    public init(environment: [String: String], coreCount: Int) throws(Fault) {
        var reader = Reader(environment: environment)
        host = reader.text("INSULA_HOST")
        port = reader.number("INSULA_PORT", 0...65_535)
        dataFolder = reader.text("INSULA_DATA")
        databaseURL = reader.optional("INSULA_DATABASE_URL").map { Secret($0) }
        rootKey = reader.optional("INSULA_ROOT_KEY").map { Secret($0) }
        rootKeyFile = reader.optional("INSULA_ROOT_KEY_FILE")
        if rootKey != nil, rootKeyFile != nil {
            reader.refuse(
                "INSULA_ROOT_KEY_FILE", "duplicate", "INSULA_ROOT_KEY and INSULA_ROOT_KEY_FILE are not set together.")
        }
        let loops = reader.number("INSULA_LOOPS", 0...64)
        loopCount = loops == 0 ? min(max(coreCount, 1), 64) : loops
        migrationsFolder = reader.optional("INSULA_MIGRATIONS")
        outboundAllow = reader.text("INSULA_OUTBOUND_ALLOW")
        tlsCertificateFile = reader.optional("INSULA_TLS_CERTIFICATE")
        tlsKeyFile = reader.optional("INSULA_TLS_KEY")
        if (tlsCertificateFile == nil) != (tlsKeyFile == nil) {
            reader.refuse("INSULA_TLS_KEY", "required", "INSULA_TLS_CERTIFICATE and INSULA_TLS_KEY are set together.")
        }
        logLevel = Log.Level(rawValue: reader.text("INSULA_LOG")) ?? .info
        if Log.Level(rawValue: reader.text("INSULA_LOG")) == nil {
            reader.refuse("INSULA_LOG", "enum", "INSULA_LOG is debug, info, warning or error.")
        }
        metricsToken = reader.optional("INSULA_METRICS_TOKEN").map { Secret($0) }
        trustedProxies = reader.text("INSULA_TRUSTED_PROXIES")
        publicURL = reader.optional("INSULA_PUBLIC_URL") ?? Configuration.localURL(host, port, isSecure: tlsKeyFile != nil)
        while publicURL.hasSuffix("/") { publicURL.removeLast() }
        keyEnvironment = reader.text("INSULA_KEY_ENVIRONMENT")
        anonymousPerMinute = reader.number("INSULA_ANONYMOUS_PER_MINUTE", 1...1_000_000)
        authenticationPerSecond = reader.number("INSULA_AUTHENTICATION_PER_SECOND", 1...1_000_000)
        corsOrigins = reader.list("INSULA_CORS_ORIGINS")
        role = NodeRole(rawValue: reader.text("INSULA_ROLE")) ?? .all
        if NodeRole(rawValue: reader.text("INSULA_ROLE")) == nil {
            reader.refuse("INSULA_ROLE", "enum", "INSULA_ROLE is all, api or worker.")
        }
        workerConcurrency = role == .api ? 0 : reader.number("INSULA_WORKERS", 0...1024)
        passwordMemoryMebibytes = reader.number("INSULA_PASSWORD_MEMORY", 19...256)
        passwordPasses = reader.number("INSULA_PASSWORD_PASSES", 2...16)
        if passwordMemoryMebibytes * passwordPasses > 1_024 {
            reader.refuse(
                "INSULA_PASSWORD_PASSES", "range", "All passes over a password's memory take at most 1,024 MiB together.")
        }
        let threads = reader.number("INSULA_PASSWORD_THREADS", 0...64)
        passwordThreads = threads == 0 ? max(1, coreCount / 2) : threads
        if !(1...8).contains(keyEnvironment.utf8.count)
            || keyEnvironment == "op" || !keyEnvironment.utf8.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) })
        {
            reader.refuse("INSULA_KEY_ENVIRONMENT", "format", "INSULA_KEY_ENVIRONMENT is 1 to 8 of a-z and 0-9, and not op.")
        }
        smtpURL = reader.optional("INSULA_SMTP_URL").map { Secret($0) }
        mailFrom = reader.text("INSULA_MAIL_FROM")
        if smtpURL != nil, environment["INSULA_MAIL_FROM"]?.isEmpty ?? true {
            reader.refuse("INSULA_MAIL_FROM", "required", "INSULA_SMTP_URL needs INSULA_MAIL_FROM.")
        }
        signUp = SignUpPolicy(rawValue: reader.text("INSULA_SIGNUP")) ?? .closed
        if SignUpPolicy(rawValue: reader.text("INSULA_SIGNUP")) == nil {
            reader.refuse("INSULA_SIGNUP", "enum", "INSULA_SIGNUP is open, invite or closed.")
        }
        ownerEmail = reader.optional("INSULA_OWNER_EMAIL")
        deletionDelayHours = reader.number("INSULA_DELETION_DELAY_HOURS", 0...8_760)
        llm = LanguageModel(&reader)
        reader.refuseUnknown()
        if !reader.problems.isEmpty {
            throw Fault(.invalid, "The configuration is not valid.", fields: reader.problems)
        }
    }

    /// Where this server is reached from its own machine.
    private static func localURL(_ host: String, _ port: Int, isSecure: Bool) -> String {
        let everywhere = ["0.0.0.0": "127.0.0.1", "::": "::1"]
        let host = everywhere[host] ?? host
        return "\(isSecure ? "https" : "http")://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }

    fileprivate struct Reader {
        let environment: [String: String]
        var problems: [Fault.Field] = []

        init(environment: [String: String]) {
            self.environment = environment
        }

        func text(_ variable: String) -> String {
            if let value = environment[variable], !value.isEmpty { return value }
            let setting = Configuration.settings.first { $0.variable == variable }
            precondition(setting != nil, "\(variable) is not in the table of settings")
            return setting!.standard
        }

        func optional(_ variable: String) -> String? {
            let value = text(variable)
            return value.isEmpty ? nil : value
        }

        func list(_ variable: String) -> [String] {
            text(variable).split(separator: ",").map { String($0.drop { $0 == " " }) }.filter { !$0.isEmpty }
        }

        mutating func number(_ variable: String, _ range: ClosedRange<Int>) -> Int {
            if let value = Int(text(variable)), range.contains(value) { return value }
            refuse(variable, "range", "\(variable) is a whole number from \(range.lowerBound) to \(range.upperBound).")
            return range.lowerBound
        }

        /// Dollars a million tokens.
        mutating func price(_ variable: String) -> Double? {
            guard let text = optional(variable) else { return nil }
            if let value = Double(text), (0...1_000_000).contains(value) { return value }
            refuse(variable, "range", "\(variable) is a number of dollars from 0 to 1000000.")
            return nil
        }

        mutating func refuse(_ variable: String, _ code: String, _ message: String) {
            problems.append(Fault.Field(variable, code, message))
        }

        /// A misspelt name would otherwise be a setting that silently does nothing.
        mutating func refuseUnknown() {
            let known = Set(Configuration.settings.map(\.variable))
            for name in environment.keys.sorted() where name.hasPrefix("INSULA_") && !known.contains(name) {
                refuse(name, "unknown", "\(name) is no setting of this version.")
            }
        }
    }
}
