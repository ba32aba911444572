// A stored hash that belongs to no password: what is checked when the account that somebody names does not exist, so that the answer takes
// as long as for one that does.

extension Password {
    /// A PHC string with a random salt and a random hash, which costs to check what a real one of `parameters` does.
    public static func decoy(parameters: Parameters = .standard) -> String {
        PasswordRecord(
            parameters: parameters, salt: Random.bytes(saltByteCount), hash: Random.bytes(hashByteCount)
        ).description
    }
}
