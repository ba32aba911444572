// What people see of their second factor.

import Base
import Crypto
import JSON

/// How somebody's second factor stands.
public struct MFAStatus: Sendable {
    public let confirmedAt: Timestamp?
    /// Whether the tenant wants everybody to have one.
    public let isRequired: Bool
    public let recoveryCodesLeft: Int

    public static let output = Output<MFAStatus>(
        "MFAStatus", "How somebody's second factor stands.",
        [
            .field("enabled", "Whether there is one, so that logins ask for it.") { $0.confirmedAt != nil },
            .field("confirmed_at", "Since when; null without one.") { $0.confirmedAt },
            .field("required", "Whether the tenant requires one.") { $0.isRequired },
            .field("recovery_codes_left", "Recovery codes that were not used.") { $0.recoveryCodesLeft },
        ])
}

/// A secret for an app, shown this once. It does not count before it is confirmed.
public struct EnrolledFactor: Sendable {
    private let secretText: String
    private let uri: String
    private let picture: String

    init(secret: Secret, issuer: String, account: String) {
        secretText = secret.withSpan { bytes in Base32.standard.encode(bytes.indices.map { bytes[$0] }) }
        uri = EnrolledFactor.uri(secretText, issuer: issuer, account: account)
        guard let code = QRCode(Array(uri.utf8)) else {
            preconditionFailure("the parts of the link are cut so that it fits a code")
        }
        picture = code.svg()
    }

    public static let output = Output<EnrolledFactor>(
        "EnrolledFactor", "A secret for an authenticator app. It counts once a code of it is confirmed.",
        [
            .field("secret", "The secret in base32, to be typed into the app.") { $0.secretText },
            .field("otpauth_uri", "The same for apps that open links.") { $0.uri },
            .field("qr_svg", "The same as a picture to scan, an SVG document.") { $0.picture },
        ])

    /// Bytes of issuer and account that the link holds, so that it fits a QR code.
    private static let issuerBytes = 120
    private static let accountBytes = 250

    /// The link as apps read it: an issuer and an account before the parameters.
    static func uri(_ secret: String, issuer: String, account: String) -> String {
        let issuer = escaped(issuer, upTo: issuerBytes)
        return
            "otpauth://totp/\(issuer):\(escaped(account, upTo: accountBytes))?secret=\(secret)&issuer=\(issuer)&algorithm=SHA1&digits=6&period=30"
    }

    /// Escapes everything but what no part of a URI reads otherwise (RFC 3986, section 2.3). A colon would end the issuer.
    private static func escaped(_ text: String, upTo most: Int) -> String {
        var escaped = ""
        for character in text {
            let part = character.utf8.map { byte in
                isUnreserved(byte) ? String(UnicodeScalar(byte)) : "%\(Hexadecimal.encode([byte]).uppercased())"
            }.joined()
            guard escaped.utf8.count + part.utf8.count <= most else { break }
            escaped += part
        }
        return escaped
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
            true
        default: false
        }
    }
}

/// New recovery codes, shown this once.
public struct RecoveryCodes: Sendable {
    public let codes: [String]

    public static let output = Output<RecoveryCodes>(
        "RecoveryCodes", "Codes for the day on which the app is lost. Each is good once; they are shown this once.",
        [.field("recovery_codes", "The codes.") { $0.codes }])
}

/// The code that confirms an app.
public struct ConfirmSecondFactor: Sendable {
    public let code: String

    public static let input = Input<ConfirmSecondFactor>("ConfirmSecondFactor") { fields in
        ConfirmSecondFactor(code: fields.required("code", .string(1...32), "Six digits that the app shows."))
    }
}
