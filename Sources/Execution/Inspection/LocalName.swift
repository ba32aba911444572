// Names that belong to networks of their own: no name server of the world knows them, so that what the machine's own name servers say about
// them is nobody else's business. RFC 6762 (local, and appendix G for those that networks use of their own accord), RFC 8375 (home.arpa),
// RFC 6761 (localhost), and internal, which ICANN has set aside.

/// Tells names of networks of their own from those of the world.
enum LocalName {
    private static let endings: Set<Substring> = [
        "internal", "local", "localhost", "lan", "corp", "home", "private", "intranet",
    ]

    /// Whether a name is one of them: a single label, or one under an ending that only such networks use.
    static func holds(_ name: String) -> Bool {
        let labels = name.lowercased().split(separator: ".")
        guard labels.count > 1, let last = labels.last else { return true }
        return endings.contains(last) || labels.suffix(2).elementsEqual(["home", "arpa"])
    }
}
