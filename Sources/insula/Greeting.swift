// What a start says: where it serves, and, on the very first, the secrets that are never shown again.

import Base
import Identity

enum Greeting {
    /// The text of a secret that is shown this once.
    static func spell(_ secret: Secret) -> String {
        unsafe secret.withBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }

    static func secrets(of tenant: Provisioning.NewTenant) -> String {
        """
          tenant     \(tenant.slug)
          owner      \(tenant.ownerName), \(tenant.ownerEmail)
          password   \(spell(tenant.ownerPassword))   (one-time)
          API key    \(spell(tenant.ownerKey))
        These secrets are shown this once and are stored as hashes.
        """
    }

    static func rootKey(_ fingerprint: String, file: String) -> String {
        """
          root key   \(fingerprint)   (fingerprint; kept in \(file))
        Whoever loses this file loses all that is sealed with it: keep a copy, apart from the database.
        """
    }

    static func firstCalls(address: String, key: String) -> String {
        """
        First calls:
          export KEY=\(key)
          curl -s \(address)/v1/tenant -H "Authorization: Bearer $KEY"
          curl -s \(address)/v1/tools -H "Authorization: Bearer $KEY"
          curl -s \(address)/v1/agents -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\
            -d '{"name":"First agent","blueprint":{"tools":[{"name":"ping","config":{}}],"strategy":{"name":"reactive","config":{}}}}'
        The whole API, to read and try: \(address)/docs
        """
    }
}
