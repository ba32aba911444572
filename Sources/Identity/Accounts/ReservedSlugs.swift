// Slugs that nobody gets by signing up: they name parts of an installation, stand in host names of its own, or could pass for its operator.

/// The names that are kept back.
enum ReservedSlugs {
    private static let names: Set<String> = Set(
        """
        default insula admin administrator root operator system sys superuser owner staff team official support help helpdesk security
        abuse postmaster hostmaster webmaster mailer-daemon noreply no-reply info contact sales billing payments legal privacy terms
        api app apps www web mail email smtp imap pop ftp ssh dns ns ns1 ns2 mx cdn static assets media files img images js css
        account accounts login logout signin signup register registration auth oauth oidc sso saml session sessions token tokens
        password reset verify invite invitation invitations user users tenant tenants org organisation organization me self
        status health healthz readyz metrics docs documentation openapi graphql v1 v2 internal private public localhost local test
        staging production prod dev development demo example sandbox null undefined none nobody anonymous unknown new edit delete
        console dashboard portal home index blog news vault webhooks marketplace knowledge well-known
        """.split { $0 == " " || $0 == "\n" }.map(String.init))

    static func contains(_ slug: String) -> Bool {
        // Names that begin so are other names in disguise (RFC 5890).
        names.contains(slug) || slug.hasPrefix("xn--")
    }
}
