// The PHC string of an argon2id hash: `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>`. Read strictly: one spelling, version 19,
// parameters within their bounds, salt of 8 to 64 bytes, hash of 16 to 64.

/// A stored password hash, taken apart.
struct PasswordRecord: Equatable, CustomStringConvertible {
    let parameters: Password.Parameters
    let salt: [UInt8]
    let hash: [UInt8]

    /// The longest string that is looked at: all numbers and both byte strings at their bounds stay below it.
    static let characterLimit = 256

    init(parameters: Password.Parameters, salt: [UInt8], hash: [UInt8]) {
        self.parameters = parameters
        self.salt = salt
        self.hash = hash
    }

    /// Reads a PHC string; `nil` when it is not one of ours.
    init?(_ text: String) {
        guard text.utf8.count <= Self.characterLimit else { return nil }
        let parts = text.utf8.split(separator: UInt8(ascii: "$"), omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0].isEmpty, parts[1].elementsEqual("argon2id".utf8), parts[2].elementsEqual("v=19".utf8),
            let parameters = Self.parameters(Array(parts[3])), parameters.isWithinBounds,
            let salt = Base64.unpadded.decode(Array(parts[4])), (8...64).contains(salt.count),
            let hash = Base64.unpadded.decode(Array(parts[5])), (16...64).contains(hash.count)
        else { return nil }
        self.init(parameters: parameters, salt: salt, hash: hash)
    }

    var description: String {
        let cost = "m=\(parameters.memoryKibibytes),t=\(parameters.iterations),p=\(parameters.lanes)"
        return "$argon2id$v=19$\(cost)$\(Base64.unpadded.encode(salt))$\(Base64.unpadded.encode(hash))"
    }

    /// Reads `m=…,t=…,p=…`, in this order.
    private static func parameters(_ text: [UInt8]) -> Password.Parameters? {
        let parts = text.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard parts.count == 3, let memory = number(parts[0], named: "m"), let iterations = number(parts[1], named: "t"),
            let lanes = number(parts[2], named: "p")
        else { return nil }
        return Password.Parameters(memoryKibibytes: memory, iterations: iterations, lanes: lanes)
    }

    /// Reads `m=123`: at most seven decimal digits without a leading zero.
    private static func number(_ text: ArraySlice<UInt8>, named name: Character) -> Int? {
        guard text.starts(with: "\(name)=".utf8) else { return nil }
        let digits = text.dropFirst(2)
        guard (1...7).contains(digits.count), digits.first != UInt8(ascii: "0") else { return nil }
        var value = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            value = value * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return value
    }
}
