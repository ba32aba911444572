import Base
import Testing

@Suite struct ConfigurationTests {
    @Test func `an empty environment gives the documented defaults`() throws {
        let configuration = try Configuration(environment: ["PATH": "/bin"], coreCount: 2)
        #expect(configuration.port == 8000)
        #expect(configuration.host == "127.0.0.1")
        #expect(configuration.loopCount == 2)
        #expect(configuration.outboundAllow.isEmpty)
        #expect(configuration.databaseURL == nil)
    }

    @Test func `every wrong setting is named at once, misspelt names included`() {
        let fault = #expect(throws: Fault.self) {
            try Configuration(
                environment: ["INSULA_PORT": "http", "INSULA_LOG": "loud", "INSULA_PROT": "1", "INSULA_TLS_KEY": "k.pem"],
                coreCount: 2)
        }
        #expect(fault?.fields.map(\.path) == ["INSULA_PORT", "INSULA_TLS_KEY", "INSULA_LOG", "INSULA_PROT"])
    }

    @Test func `a root key is a setting or a file and not both`() throws {
        let both = ["INSULA_ROOT_KEY": "k", "INSULA_ROOT_KEY_FILE": "f"]
        let fault = #expect(throws: Fault.self) { try Configuration(environment: both, coreCount: 1) }
        #expect(fault?.fields.map(\.path) == ["INSULA_ROOT_KEY_FILE"])
        #expect(try Configuration(environment: ["INSULA_ROOT_KEY_FILE": "f"], coreCount: 1).rootKeyFile == "f")
        #expect(try Configuration(environment: [:], coreCount: 1).rootKey == nil)
    }

    @Test func `a secret setting does not print`() throws {
        let configuration = try Configuration(
            environment: ["INSULA_DATABASE_URL": "postgresql://u:hunter2@h/d", "INSULA_ROOT_KEY": "hunter2"], coreCount: 1)
        #expect(!"\(configuration)".contains("hunter2"))
        #expect(!String(reflecting: configuration).contains("hunter2"))
    }

    @Test func `a server for mail needs a sender`() throws {
        let alone = #expect(throws: Fault.self) {
            try Configuration(environment: ["INSULA_SMTP_URL": "smtps://u:hunter2@h"], coreCount: 1)
        }
        #expect(alone?.fields.map(\.path) == ["INSULA_MAIL_FROM"])
        let configuration = try Configuration(
            environment: ["INSULA_SMTP_URL": "smtps://u:hunter2@h", "INSULA_MAIL_FROM": "a@b.c"], coreCount: 1)
        #expect(configuration.smtpURL != nil && configuration.mailFrom == "a@b.c")
        #expect(!String(reflecting: configuration).contains("hunter2"))
        #expect(try Configuration(environment: [:], coreCount: 1).smtpURL == nil)
    }
}
