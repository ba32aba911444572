// Which server to connect to, and how a connection begins: role, timeouts and time zone are startup settings, so that one URL serves
// every role and no statement has to be sent for them. The URL may hold a password: it is kept as a secret and never quoted.

import Base
import CPostgres

/// A PostgreSQL server, named by a URL or a connection string of libpq.
public struct ConnectionTarget: Sendable {
    private let url: Secret
    /// Hosts of the URL in order, with an address that needs no look-up left empty.
    let names: [String]
    private let options: String

    /// - Throws: `.invalid` when libpq can't read the text. The text itself is not shown.
    public init(_ url: String) throws(Fault) {
        var found: [String: String] = [:]
        guard let parsed = unsafe PQconninfoParse(url, nil) else {
            throw Fault(.invalid, "The database URL is not one that PostgreSQL's client library understands.")
        }
        defer { unsafe PQconninfoFree(parsed) }
        var option = unsafe parsed
        while let keyword = unsafe option.pointee.keyword {
            if let value = unsafe option.pointee.val { found[unsafe String(cString: keyword)] = unsafe String(cString: value) }
            unsafe option += 1
        }
        self.url = Secret(url)
        options = found["options"] ?? ""
        let hosts = (found["host"] ?? "").split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        names = found["hostaddr"] == nil && hosts.contains(where: ConnectionTarget.needsLookUp) ? hosts : []
    }

    /// The same of a setting that is kept secret.
    public init(_ url: Secret) throws(Fault) {
        try self.init(unsafe url.withBytes { unsafe String(decoding: $0, as: UTF8.self) })
    }

    private static func needsLookUp(_ host: String) -> Bool {
        guard let first = host.utf8.first, first != UInt8(ascii: "/"), first != UInt8(ascii: "@") else { return false }
        return !host.utf8.contains(UInt8(ascii: ":"))
            && !host.utf8.allSatisfy { $0 == UInt8(ascii: ".") || (48...57).contains($0) }
    }

    /// How a connection begins.
    struct Startup: Sendable {
        /// The role it takes; that of the URL when empty.
        var role = ""
        /// What the server shows in `pg_stat_activity`.
        var application: String
        /// Milliseconds; 0 for none.
        var statementTimeout = Limits.statementTimeoutMilliseconds
        /// Whether each call is planned for its own parameters. Lists with filters that may be absent need it; point reads don't.
        var plansEachCall = false
        /// Whether what it reads is always found by an index, also where the planner takes a table for small that has grown since.
        var readsByIndex = false
        /// Whether its transactions see one moment from beginning to end, write nothing, and may wait for a slow reader in between.
        var readsOneSnapshot = false

        var settings: String {
            var text = "-c statement_timeout=\(statementTimeout) -c lock_timeout=\(Limits.lockTimeoutMilliseconds)"
            let idle = readsOneSnapshot ? Limits.idleInSnapshotMilliseconds : Limits.idleInTransactionMilliseconds
            text += " -c idle_in_transaction_session_timeout=\(idle) -c timezone=UTC -c jit=off"
            if !role.isEmpty { text += " -c role=\(role)" }
            if readsOneSnapshot {
                text += " -c default_transaction_isolation=repeatable\\ read -c default_transaction_read_only=on"
            }
            if readsByIndex { text += " -c enable_seqscan=off -c random_page_cost=0.1" }
            if plansEachCall { text += " -c plan_cache_mode=force_custom_plan" }
            return text
        }
    }

    /// Begins to connect without blocking, or connects at once when `blocking`. The caller owns the connection, which may have failed.
    /// - Parameter addresses: for each of `names`, the address it stands for.
    func connection(_ startup: Startup, addresses: [String] = [], blocking: Bool = false) -> OpaquePointer? {
        let text = unsafe url.withBytes { unsafe String(decoding: $0, as: UTF8.self) }
        var settings = [
            ("dbname", text), ("options", options + " " + startup.settings), ("application_name", startup.application),
            ("client_encoding", "UTF8"), ("tcp_user_timeout", "10000"), ("keepalives_idle", "30"),
            ("keepalives_interval", "10"), ("keepalives_count", "3"), ("connect_timeout", "5"),
        ]
        if !addresses.isEmpty { settings += [("hostaddr", addresses.joined(separator: ","))] }
        return unsafe CStrings.lend(settings.map(\.0)) { keywords in
            unsafe CStrings.lend(settings.map(\.1)) { values in
                unsafe blocking ? PQconnectdbParams(keywords, values, 1) : PQconnectStartParams(keywords, values, 1)
            }
        }
    }
}

/// Swift's strings as C wants a list of them.
enum CStrings {
    /// Lends a list of C strings that ends with a null.
    static func lend<Value>(_ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Value) -> Value {
        var bytes: [CChar] = []
        var starts: [Int] = []
        for string in strings {
            starts.append(bytes.count)
            bytes += string.utf8CString
        }
        return unsafe bytes.withUnsafeBufferPointer { content in
            var pointers: [UnsafePointer<CChar>?] = unsafe starts.map { unsafe content.baseAddress! + $0 }
            unsafe pointers.append(nil)
            return unsafe pointers.withUnsafeBufferPointer { unsafe body($0.baseAddress!) }
        }
    }
}
