// Blanks comments and the insides of string literals. Knows plain, raw and multi-line strings and code inside interpolations.

enum Masking {
    private enum Place {
        /// Code; inside an interpolation, with the number of parentheses that are open.
        case code(open: Int)
        case string(hashes: Int, quotes: Int)
        case comment
    }

    /// The lines of `text` with spaces for everything that is not code. Quotes stay, so that a literal can still be seen.
    static func code(of text: String) -> [String] {
        let bytes = Array(text.utf8)
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var places = [Place.code(open: 0)]
        var at = 0
        while at < bytes.count {
            let before = at
            switch places[places.count - 1] {
            case .comment:
                if bytes[at] == UInt8(ascii: "\n") { places.removeLast() }
                at += 1
            case .code(let open): at = inCode(bytes, at, open, &places, &out)
            case .string(let hashes, let quotes): at = inString(bytes, at, hashes, quotes, &places, &out)
            }
            // What was read and not written is blank; line ends always stay.
            for read in before + (out.count - before)..<max(at, before + (out.count - before)) {
                out.append(bytes[read] == UInt8(ascii: "\n") ? bytes[read] : UInt8(ascii: " "))
            }
        }
        return String(decoding: out, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    private static func count(_ byte: Character, _ bytes: [UInt8], _ from: Int, most: Int = .max) -> Int {
        var count = 0
        while count < most, from + count < bytes.count, bytes[from + count] == byte.asciiValue { count += 1 }
        return count
    }

    private static func inCode(_ bytes: [UInt8], _ at: Int, _ open: Int, _ places: inout [Place], _ out: inout [UInt8]) -> Int {
        if count("/", bytes, at, most: 2) == 2 {
            places.append(.comment)
            return at + 2
        }
        let hashes = count("#", bytes, at)
        let found = count("\"", bytes, at + hashes, most: 3)
        if found > 0 {
            let quotes = found == 3 ? 3 : 1
            places.append(.string(hashes: hashes, quotes: quotes))
            out += bytes[at..<at + hashes + quotes]
            return at + hashes + quotes
        }
        out.append(bytes[at])
        guard places.count > 1 else { return at + 1 }
        switch bytes[at] {
        case UInt8(ascii: "("): places[places.count - 1] = .code(open: open + 1)
        case UInt8(ascii: ")"):
            if open == 0 { places.removeLast() } else { places[places.count - 1] = .code(open: open - 1) }
        default: break
        }
        return at + 1
    }

    private static func inString(
        _ bytes: [UInt8], _ at: Int, _ hashes: Int, _ quotes: Int, _ places: inout [Place], _ out: inout [UInt8]
    ) -> Int {
        if bytes[at] == UInt8(ascii: "\\"), count("#", bytes, at + 1, most: hashes) == hashes {
            let next = at + 1 + hashes
            guard next < bytes.count else { return bytes.count }
            if bytes[next] == UInt8(ascii: "(") { places.append(.code(open: 0)) }
            return bytes[next] == UInt8(ascii: "\n") ? next : next + 1
        }
        if count("\"", bytes, at, most: quotes) == quotes, count("#", bytes, at + quotes, most: hashes) == hashes {
            places.removeLast()
            out += bytes[at..<at + quotes + hashes]
            return at + quotes + hashes
        }
        return at + 1
    }
}
