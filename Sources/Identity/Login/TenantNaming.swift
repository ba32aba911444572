// Which tenant somebody means who is nobody yet. He may say it in several places: the body, `X-Tenant-ID`, the host, before the name he
// logs in with. What is said twice has to agree, else no tenant is meant; what is said nowhere means the default tenant.
// Pure: whether there is such a tenant is asked later, and together with everything else.

import Base
import Tenancy

/// What somebody calls his tenant.
public struct TenantNaming: Sendable, Hashable {
    /// The tenant that is meant when nothing is said.
    static let standardSlug = "default"

    private var slug: String?
    private var id: TenantID?
    private var isContradictory = false

    public init() {}

    /// Takes one more name: a slug in any case, or an id. `nil` says nothing.
    public mutating func add(_ name: String?) {
        guard let name else { return }
        if let named = TenantID(name) {
            if let id, id != named { isContradictory = true }
            id = named
        } else {
            let named = name.lowercased()
            if let slug, slug != named { isContradictory = true }
            slug = named
        }
    }

    /// Takes the name that a host says: `acme.example.com` says `acme` where the public host is `example.com`.
    /// - Parameters:
    ///   - host: the field `Host`, with or without a port.
    ///   - publicHost: the host that tenants' own hosts lie under, without a port.
    public mutating func add(host: String, under publicHost: String) {
        let name = host.lowercased().prefix { $0 != ":" }
        let ending = "." + publicHost.lowercased()
        guard publicHost != "", name.hasSuffix(ending) else { return }
        add(String(name.dropLast(ending.count)))
    }

    /// The name that stands behind `slug/`, whose slug is taken; the whole of `login` when there is none.
    mutating func take(from login: String) -> String {
        guard let slash = login.firstIndex(of: "/"), Tenant.isSlug(login[..<slash].lowercased()) else { return login }
        add(String(login[..<slash]))
        return String(login[login.index(after: slash)...])
    }

    /// What to look for: a slug, an id, or both of one tenant. Neither when the names contradict each other.
    var wanted: (slug: String?, id: TenantID?) {
        if isContradictory { return (nil, nil) }
        return slug == nil && id == nil ? (TenantNaming.standardSlug, nil) : (slug, id)
    }

    /// The names as one text, by which attempts are counted whether or not there is such a tenant.
    var subject: String {
        isContradictory ? "?" : "\(slug ?? "")/\(id?.description ?? "")"
    }
}
