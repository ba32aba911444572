// Why a text is not the JSON that we take, and where. An error is two small values, so that refusing costs nothing:
// the sentence is made only when somebody asks for it.

public import Base

/// The refusal of a text: a reason and the byte where it was found.
public struct JSONError: Error, Sendable, Equatable {
    /// What is wrong.
    public enum Reason: UInt8, Sendable, CaseIterable {
        case tooLarge, tooDeep, empty, truncated, trailingBytes
        case valueExpected, keyExpected, colonExpected, commaOrBracketExpected, commaOrBraceExpected
        case badNumber, badEscape, loneSurrogate, controlCharacter, invalidUTF8, duplicateKey
    }

    public let reason: Reason
    /// The offset in bytes from the beginning of the text.
    public let offset: Int

    @inlinable public init(_ reason: Reason, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    /// One sentence for the caller, with the offset and nothing of the text itself.
    public var sentence: String {
        "The JSON text is not valid at byte \(offset): \(reason.explanation)."
    }

    /// The fault that a caller sees: 413 for a text that is too large, 400 for every other reason.
    public var fault: Fault {
        Fault(reason == .tooLarge ? .contentTooLarge : .malformed, sentence)
    }
}

extension JSONError.Reason {
    var explanation: String {
        switch self {
        case .tooLarge: "the text is larger than is taken here"
        case .tooDeep: "arrays and objects are nested deeper than is taken here"
        case .empty: "there is no value"
        case .truncated: "the text ends too early"
        case .trailingBytes: "something follows the value"
        case .valueExpected: "a value was expected"
        case .keyExpected: "a name in double quotes was expected"
        case .colonExpected: "a colon was expected after the name"
        case .commaOrBracketExpected: "a comma or a closing bracket was expected"
        case .commaOrBraceExpected: "a comma or a closing brace was expected"
        case .badNumber: "a number is not spelled as JSON spells it"
        case .badEscape: "an escape sequence is not one of JSON's"
        case .loneSurrogate: "half of a surrogate pair stands alone"
        case .controlCharacter: "a control character in a string is not escaped"
        case .invalidUTF8: "the bytes are not valid UTF-8"
        case .duplicateKey: "an object has the same name twice"
        }
    }
}
