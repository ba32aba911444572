// What a browser or a program keeps of an earlier login, so that it goes on working while strangers guess at its owner's password. It proves
// nothing by itself: it only has a budget of attempts of its own. As text: 26 characters of id, 52 of secret, in the base32 of our ids.

import Base
import Crypto

/// The mark of a known device.
struct DeviceToken: Sendable {
    static let characters = 78
    private static let idCharacters = 26
    private static let secretBytes = 32

    let id: UUIDBits
    private let secret: [UInt8]

    /// A new one.
    static func make() -> DeviceToken {
        DeviceToken(id: .version7(milliseconds: UInt64(Timestamp.now.microseconds / 1000)), secret: Random.bytes(secretBytes))
    }

    private init(id: UUIDBits, secret: [UInt8]) {
        self.id = id
        self.secret = secret
    }

    /// Reads the text of a token; `nil` when it can't be one.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == DeviceToken.characters,
            let id = UUIDBits(base32: bytes.span.extracting(..<DeviceToken.idCharacters)),
            let secret = Base32.crockford.decode(text.dropFirst(DeviceToken.idCharacters))
        else { return nil }
        self.init(id: id, secret: secret)
    }

    var text: String {
        var bytes: [UInt8] = []
        bytes.appendBase32(id)
        return String(decoding: bytes, as: UTF8.self) + Base32.crockford.encode(secret)
    }

    /// What is stored of it.
    var hash: [UInt8] { SHA256.digest(secret).array }
}
