// What is judged, and by what: pure functions from what was seen to findings. Mail (RFC 7208, RFC 7489), certificates (RFC 8659), TLS,
// headers (RFC 6797, CSP Level 3, Fetch), cookies (RFC 6265bis).

import Base
import HTTP

enum SecurityChecks {
    /// Half a year, below which HSTS protects those who come seldom too little.
    static let transportSecuritySeconds = 15_552_000
    static let expiryDays = 14
    static let keyBits = ["RSA": 2_048, "RSA-PSS": 2_048, "EC": 256]

    // MARK: Names

    /// - Parameters: the texts of the domain, what holds for forged mail, and the CAA records on the way up.
    static func names(domain: String, texts: [String], policy: MailPolicy?, authorities: [String]) -> [SecurityFinding] {
        var findings: [SecurityFinding] = []
        let senders = texts.filter { $0.lowercased() == "v=spf1" || $0.lowercased().hasPrefix("v=spf1 ") }
        if senders.isEmpty {
            findings.append(
                SecurityFinding(
                    .medium, "spf_missing", "Nobody says who may send mail for the domain.",
                    seen: "no TXT record v=spf1 at \(domain)",
                    "Publish one: v=spf1 -all for a domain that sends no mail."))
        } else if senders.count > 1 {
            findings.append(
                SecurityFinding(
                    .medium, "spf_repeated", "Two rules for senders are as none (RFC 7208, section 3.2).",
                    seen: senders.joined(separator: " | "), "Leave one record that holds all."))
        } else if senders[0].lowercased().split(separator: " ").contains(where: { $0 == "+all" || $0 == "all" }) {
            findings.append(
                SecurityFinding(
                    .high, "spf_open", "Anybody may send mail for the domain.", seen: senders[0], "End the rule with -all."))
        }
        if let policy {
            if !policy.isStrict {
                findings.append(
                    SecurityFinding(
                        .low, "dmarc_weak", "Forged mail is asked to be delivered.",
                        seen: "\(policy.text) at _dmarc.\(policy.domain)",
                        policy.isInherited
                            ? "Set sp=quarantine or sp=reject there, or a record of its own." : "Set p=quarantine or p=reject."))
            }
        } else {
            findings.append(
                SecurityFinding(
                    .medium, "dmarc_missing", "Nobody says what becomes of forged mail.",
                    seen: "no TXT record v=DMARC1, or several, at _dmarc.\(domain) and above",
                    "Publish v=DMARC1; p=reject with an address for reports."))
        }
        if authorities.isEmpty {
            findings.append(
                SecurityFinding(
                    .low, "caa_missing", "Every authority may issue certificates for the name.",
                    seen: "no CAA record at \(domain) or above",
                    "Publish CAA records that name your authority."))
        }
        return findings
    }

    // MARK: TLS

    /// How safe the way is to the page that a visitor comes to in the end.
    static func way(from url: WebURL, to final: WebURL) -> [SecurityFinding] {
        if final.scheme != "https" {
            return [
                SecurityFinding(
                    .high, "tls_missing", "The site is read and changed on the way by anybody.", seen: final.description,
                    "Use https.")
            ]
        }
        guard url.scheme != "https" else { return [] }
        return [
            SecurityFinding(
                .info, "first_step_plain", "The first step to the site is read and changed on the way by anybody.",
                seen: "\(url) leads to \(final)",
                "Link to https, and have browsers remember it: Strict-Transport-Security with preload.")
        ]
    }

    static func transport(_ report: TLSReport, now: Timestamp) -> [SecurityFinding] {
        var findings: [SecurityFinding] = []
        if let problem = report.verifyFailure {
            findings.append(
                SecurityFinding(
                    .high, "certificate_refused", "The certificate is not accepted.", seen: problem,
                    "Use one of a public authority, for this name, with its whole chain."))
        }
        if report.version != "TLSv1.3" {
            findings.append(
                SecurityFinding(.low, "tls_old", "TLS 1.3 is not offered.", seen: report.version, "Turn TLS 1.3 on."))
        }
        if report.cipherBits < 128 {
            findings.append(
                SecurityFinding(
                    .high, "cipher_weak", "The cipher can be broken.", seen: report.cipher, "Allow ciphers of 128 bits and more.")
            )
        }
        guard let own = report.certificates.first else { return findings }
        let days = (own.notAfter.microseconds - now.microseconds) / 86_400_000_000
        if days < Int64(expiryDays) {
            findings.append(
                SecurityFinding(
                    days < 0 ? .high : .medium, "certificate_ends", "The certificate ends soon, or has ended.",
                    seen: own.notAfter.rfc3339,
                    "Renew it, best by itself."))
        }
        if let least = keyBits[own.keyType], own.keyBits < least {
            findings.append(
                SecurityFinding(
                    .high, "key_weak", "The certificate's key is too short.", seen: "\(own.keyType), \(own.keyBits) bits",
                    "Use RSA of 2048 bits, or an elliptic curve of 256."))
        }
        if own.signature.lowercased().contains("sha1") || own.signature.lowercased().contains("md5") {
            findings.append(
                SecurityFinding(
                    .high, "signature_weak", "The certificate's signature can be forged.", seen: own.signature, "Use SHA-256."))
        }
        return findings
    }

    // MARK: Headers

    static func headers(_ headers: HeaderFields, isSecure: Bool) -> [SecurityFinding] {
        var findings: [SecurityFinding] = []
        if isSecure { findings += strictTransport(headers.text(named: "strict-transport-security")) }
        let policy = headers.text(named: "content-security-policy")
        let directives = (policy ?? "").lowercased().split(separator: ";").map { $0.split(separator: " ") }
        if policy == nil {
            findings.append(
                SecurityFinding(
                    .medium, "csp_missing", "A script that is slipped in may do everything.", seen: "no Content-Security-Policy",
                    "Begin with default-src 'self' and open what is needed."))
        } else {
            let scripts = directives.first { $0.first == "script-src" } ?? directives.first { $0.first == "default-src" } ?? []
            let isGuarded = scripts.contains { $0.hasPrefix("'nonce-") || $0.hasPrefix("'sha") || $0 == "'strict-dynamic'" }
            if scripts.isEmpty || scripts.contains("*") || scripts.contains("'unsafe-inline'") && !isGuarded {
                findings.append(
                    SecurityFinding(
                        .low, "csp_weak", "The policy lets scripts in that are slipped in.", seen: policy ?? "",
                        "Name the sources of scripts, and use nonces for those inside the page."))
            }
        }
        let framing = headers.text(named: "x-frame-options")?.lowercased()
        if framing != "deny" && framing != "sameorigin" && !directives.contains(where: { $0.first == "frame-ancestors" }) {
            findings.append(
                SecurityFinding(
                    .medium, "framing_allowed", "Other sites may show the page inside theirs.",
                    seen: framing ?? "no X-Frame-Options",
                    "Send frame-ancestors 'self' in the policy, or X-Frame-Options: DENY."))
        }
        if headers.text(named: "x-content-type-options")?.lowercased() != "nosniff" {
            findings.append(
                SecurityFinding(
                    .low, "sniffing_allowed", "Browsers may guess what a file is.", seen: "no X-Content-Type-Options: nosniff",
                    "Send it."))
        }
        let referrer = headers.text(named: "referrer-policy")?.lowercased()
        if referrer == nil || referrer == "unsafe-url" {
            findings.append(
                SecurityFinding(
                    .low, "referrer_told", "Other sites may be told whole addresses.", seen: referrer ?? "no Referrer-Policy",
                    "Send Referrer-Policy: strict-origin-when-cross-origin."))
        }
        for name in ["server", "x-powered-by"] as [StaticString] {
            guard let value = headers.text(named: name), value.contains(where: { $0.isASCII && $0.isNumber }) else { continue }
            findings.append(
                SecurityFinding(
                    .info, "version_told", "The version of the software is told.", seen: "\(name): \(value)", "Leave it out."))
        }
        return findings
    }

    private static func strictTransport(_ value: String?) -> [SecurityFinding] {
        guard let value else {
            return [
                SecurityFinding(
                    .medium, "hsts_missing", "Browsers may be led to the site without TLS.", seen: "no Strict-Transport-Security",
                    "Send max-age=31536000; includeSubDomains.")
            ]
        }
        let age = value.lowercased().split(separator: ";").map { $0.filter { $0 != " " && $0 != "\"" } }
            .first { $0.hasPrefix("max-age=") }.flatMap { Int($0.dropFirst(8)) }
        guard let age, age >= transportSecuritySeconds else {
            return [
                SecurityFinding(
                    .low, "hsts_short", "Browsers forget soon that the site has TLS.", seen: value, "Send a max-age of a year.")
            ]
        }
        return []
    }

    // MARK: Cookies

    /// Each cookie by its name alone: what it holds may open something.
    static func cookies(_ headers: HeaderFields, isSecure: Bool) -> [SecurityFinding] {
        var findings: [SecurityFinding] = []
        for field in headers.fields where headers.name(field).lowercased() == "set-cookie" {
            let parts = headers.value(field).split(separator: ";").map { $0.drop { $0 == " " } }
            let name = parts.first.map { String($0.prefix { $0 != "=" }) } ?? ""
            let flags = Set(parts.dropFirst().map { $0.prefix { $0 != "=" }.lowercased() })
            if isSecure && !flags.contains("secure") {
                findings.append(
                    SecurityFinding(
                        .medium, "cookie_not_secure", "A cookie is sent without TLS, too.", seen: name, "Give it Secure."))
            }
            if !flags.contains("httponly") {
                findings.append(
                    SecurityFinding(.low, "cookie_readable", "Scripts can read a cookie.", seen: name, "Give it HttpOnly."))
            }
            if !flags.contains("samesite") {
                findings.append(
                    SecurityFinding(
                        .low, "cookie_crosses", "A cookie does not say whether other sites' requests carry it.", seen: name,
                        "Give it SameSite=Lax or Strict."))
            }
        }
        return findings
    }
}
