// The functions on text, which work on code points: a length is their number, and what is reversed are they.

extension JMESPathEvaluator {
    mutating func length(_ value: JSONValue) throws(JMESPathError) -> Int {
        switch value {
        case .string(let text):
            try spend(bytes: text.utf8.count)
            return text.unicodeScalars.count
        case .array(let elements): return elements.count
        case .object(let object): return object.count
        default: throw refusal(.length, "a string, an array or an object")
        }
    }

    mutating func reverse(_ value: JSONValue) throws(JMESPathError) -> JSONValue {
        switch value {
        case .array(let elements):
            try spend(elements.count)
            return .array(elements.reversed())
        case .string(let text):
            try spend(bytes: text.utf8.count)
            var reversed = String.UnicodeScalarView()
            reversed.append(contentsOf: text.unicodeScalars.reversed())
            return .string(String(reversed))
        default: throw refusal(.reverse, "an array or a string")
        }
    }

    mutating func search(
        _ function: JMESPathFunction, _ subject: JSONValue, _ wanted: JSONValue
    ) throws(JMESPathError) -> JSONValue {
        if function == .contains, case .array(let elements) = subject {
            for element in elements where try isEqual(element, wanted) { return true }
            return false
        }
        guard case .string(let text) = subject else { throw refusal(function, "a string first") }
        guard case .string(let part) = wanted else {
            if function == .contains { return false }
            throw refusal(function, "two strings")
        }
        try spend(bytes: text.utf8.count)
        try spend(bytes: part.utf8.count)
        switch function {
        case .startsWith: return .bool(text.utf8.starts(with: part.utf8))
        case .endsWith: return .bool(text.utf8.reversed().starts(with: part.utf8.reversed()))
        default: return .bool(JMESPathEvaluator.holds(Array(text.utf8), Array(part.utf8)))
        }
    }

    /// Whether `part` stands in `text`, in time that grows with both and not with their product (Knuth, Morris, Pratt).
    static func holds(_ text: [UInt8], _ part: [UInt8]) -> Bool {
        guard !part.isEmpty else { return true }
        guard part.count <= text.count else { return false }
        var borders = [Int](repeating: 0, count: part.count)
        var length = 0
        for at in 1..<part.count {
            while length > 0, part[at] != part[length] { length = borders[length - 1] }
            if part[at] == part[length] { length += 1 }
            borders[at] = length
        }
        length = 0
        for byte in text {
            while length > 0, byte != part[length] { length = borders[length - 1] }
            if byte == part[length] { length += 1 }
            if length == part.count { return true }
        }
        return false
    }

    mutating func join(_ glue: JSONValue, _ value: JSONValue) throws(JMESPathError) -> JSONValue {
        guard case .string(let glue) = glue, case .array(let elements) = value else {
            throw refusal(.join, "a string and an array of strings")
        }
        var texts: [String] = []
        var bytes = 0
        for element in elements {
            guard case .string(let text) = element else { throw refusal(.join, "a string and an array of strings") }
            texts.append(text)
            bytes += text.utf8.count + glue.utf8.count
        }
        try spend(elements.count)
        try spend(bytes: bytes)
        return .string(texts.joined(separator: glue))
    }

    mutating func text(_ value: JSONValue) throws(JMESPathError) -> JSONValue {
        if case .string = value { return value }
        try spend(bytes: try measure(value))
        return .string(String(decoding: value.bytes, as: UTF8.self))
    }
}
