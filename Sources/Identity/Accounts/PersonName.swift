// What people call somebody: one line of text, for reading alone. It ends up in mails and pages, so that what could break out of a line or
// turn its direction is refused.

import JSON

/// Names of people on the wire.
public enum PersonName {
    /// None is a name as well.
    public static let characters = 0...100

    /// One line without control characters, line ends of any kind, and marks that change the direction of what follows.
    public static let format = TextFormat(
        pattern: "^[^\\u0000-\\u001F\\u007F-\\u009F\\u061C\\u200B\\u200E\\u200F\\u2028-\\u202E\\u2060-\\u206F\\uFEFF]*$",
        message: "This may hold neither control characters nor marks that change the direction of text."
    ) { text in
        text.unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: false
            default: !isDirectional(scalar)
            }
        }
    }

    private static func isDirectional(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x061C, 0x200B, 0x200E, 0x200F, 0x202A...0x202E, 0x2060...0x206F, 0xFEFF: true
        default: false
        }
    }
}
