// The containers of RFC 9651, section 4.2: lists, dictionaries, inner lists, parameters and keys. The values are in the file beside.

/// A place in the text of a field.
struct StructuredFieldParser {
    typealias Malformed = StructuredField.Malformed

    private let text: [UInt8]
    private var at = 0

    init(_ text: [UInt8]) {
        self.text = text
    }

    // MARK: Characters

    var isAtEnd: Bool { at == text.count }

    /// The next byte; `nil` at the end.
    var next: UInt8? { at < text.count ? text[at] : nil }

    mutating func advance() { at += 1 }

    /// Passes the next byte over when it is `byte`.
    mutating func pass(_ byte: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: byte) else { return false }
        at += 1
        return true
    }

    mutating func want(_ byte: Unicode.Scalar) throws(Malformed) {
        guard pass(byte) else { throw Malformed() }
    }

    mutating func skipSpaces() {
        while next == 0x20 { at += 1 }
    }

    private mutating func skipBlanks() {
        while let byte = next, isBlank(byte) { at += 1 }
    }

    /// The bytes from here on that `isWanted` takes.
    mutating func run(_ isWanted: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        let start = at
        while let byte = next, isWanted(byte) { at += 1 }
        return text[start..<at]
    }

    // MARK: Containers

    mutating func list() throws(Malformed) -> [StructuredMember] {
        var members: [StructuredMember] = []
        while !isAtEnd {
            members.append(try member())
            if try !anotherFollows() { break }
        }
        return members
    }

    mutating func dictionary() throws(Malformed) -> [(name: String, value: StructuredMember)] {
        var members: [(name: String, value: StructuredMember)] = []
        var places: [String: Int] = [:]
        while !isAtEnd {
            let name = try key()
            let value: StructuredMember = pass("=") ? try member() : .item(StructuredItem(.boolean(true), try parameters()))
            if let place = places[name] {
                members[place].value = value
            } else {
                places[name] = members.count
                members.append((name, value))
            }
            if try !anotherFollows() { break }
        }
        return members
    }

    /// Passes over the comma between members. One at the end is malformed.
    private mutating func anotherFollows() throws(Malformed) -> Bool {
        skipBlanks()
        if isAtEnd { return false }
        try want(",")
        skipBlanks()
        if isAtEnd { throw Malformed() }
        return true
    }

    private mutating func member() throws(Malformed) -> StructuredMember {
        guard pass("(") else { return .item(try item()) }
        var items: [StructuredItem] = []
        while true {
            skipSpaces()
            if pass(")") { return .inner(items, try parameters()) }
            items.append(try item())
            guard next == 0x20 || next == UInt8(ascii: ")") else { throw Malformed() }
        }
    }

    mutating func item() throws(Malformed) -> StructuredItem {
        let value = try bare()
        return StructuredItem(value, try parameters())
    }

    private mutating func parameters() throws(Malformed) -> [StructuredItem.Parameter] {
        var parameters: [StructuredItem.Parameter] = []
        var places: [String: Int] = [:]
        while pass(";") {
            skipSpaces()
            let name = try key()
            let parameter = StructuredItem.Parameter(name, pass("=") ? try bare() : .boolean(true))
            if let place = places[name] {
                parameters[place] = parameter
            } else {
                places[name] = parameters.count
                parameters.append(parameter)
            }
        }
        return parameters
    }

    private mutating func key() throws(Malformed) -> String {
        guard let first = next, isLowercase(first) || first == UInt8(ascii: "*") else { throw Malformed() }
        let bytes = run { isLowercase($0) || isDigit($0) || "_-.*".utf8.contains($0) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

private func isLowercase(_ byte: UInt8) -> Bool { byte &- 0x61 < 26 }
