// What a domain says about forged mail (DMARC), and where that stands: at the domain, or above it, up to the name of the organisation. Found
// by walking up the tree, as the successor of RFC 7489 has it, so that no list of registries' suffixes is needed (RFC 7489, section 6.6.3).
// Bound: `askedLabels` above the domain.

/// A record of DMARC that holds for a domain.
struct MailPolicy: Sendable, Hashable {
    /// From so many labels on parents are asked; longer names are cut down to these at once.
    static let askedLabels = 7

    /// Where it stands.
    let domain: String
    let text: String
    /// Whether it stands above the domain that it holds for.
    let isInherited: Bool

    /// The domains whose records may hold for one, in the order in which they are asked: itself, and those above but the top.
    static func domains(for domain: String) -> [String] {
        let labels = domain.split(separator: ".")
        let first = max(1, labels.count - askedLabels)
        guard labels.count - 1 > first else { return [domain] }
        return [domain] + (first..<(labels.count - 1)).map { labels[$0...].joined(separator: ".") }
    }

    /// The record among the texts at `_dmarc.<domain>`; `nil` when there is none, or several, which are as none.
    init?(of domain: String, texts: [String], isInherited: Bool) {
        let records = texts.filter { $0.lowercased().hasPrefix("v=dmarc1") }
        guard records.count == 1 else { return nil }
        self.domain = domain
        text = records[0]
        self.isInherited = isInherited
    }

    /// The one that holds, of those that were found on the way up: the domain's own; otherwise the organisation's, which is the highest one,
    /// or the one that says so, or the one right below a registry's.
    static func holding(_ found: [MailPolicy]) -> MailPolicy? {
        var holding: MailPolicy?
        for policy in found {
            if policy.value("psd") == "y", let below = holding, below.labelCount == policy.labelCount + 1 { return below }
            holding = policy
            if policy.endsWalk { return policy }
        }
        return holding
    }

    /// Whether nothing above it is asked.
    var endsWalk: Bool { !isInherited || value("psd") != nil && value("psd") != "u" }

    /// Whether forged mail is kept from people.
    var isStrict: Bool {
        let wanted = (isInherited ? value("sp") : nil) ?? value("p")
        return wanted == "quarantine" || wanted == "reject"
    }

    private var labelCount: Int { domain.split(separator: ".").count }

    private func value(_ tag: String) -> String? {
        for part in text.lowercased().split(separator: ";") {
            let pair = part.filter { $0 != " " }.split(separator: "=", maxSplits: 1)
            if pair.count == 2, pair[0] == tag { return String(pair[1]) }
        }
        return nil
    }
}
