// A small language for text with places to fill: `{{ expression }}`, where the expression is JMESPath, and behind `|>` a filter that
// spells the value for where it goes. No loops, no conditions: what needs them is done in the expression. A value that is null is an
// error, so that nothing is left out unnoticed; `name || 'somebody'` stands in. Bounds: `sourceBytes`, `placeLimit`, `outputBytes`.

import Base
import JSON

/// A compiled template.
struct Template: Sendable {
    static let sourceBytes = 16 << 10
    /// The most places to fill.
    static let placeLimit = 256
    static let outputBytes = 512 << 10

    /// How a value is spelled.
    enum Filter: String, Sendable, CaseIterable {
        /// Text as it is, anything else as JSON.
        case text
        /// As JSON, text in quotes.
        case json
        /// Escaped for HTML, in elements and in attributes with quotes.
        case html
        /// Escaped for one part of a URL.
        case url
    }

    private enum Piece: Sendable {
        case text(String)
        case place(JMESPath, Filter?, offset: Int)
    }

    private let pieces: [Piece]

    /// How the text of an expression is read.
    typealias Reading = (String) throws(JMESPathError) -> JMESPath

    /// Compiles a template.
    /// - Throws: `.limitReached` beyond a bound, else `.malformed`, with the byte of the template.
    init(_ source: String, reading: Reading = Template.plain) throws(Fault) {
        guard source.utf8.count <= Template.sourceBytes else {
            throw Fault(.limitReached, "A template may have at most \(Template.sourceBytes) bytes.")
        }
        var pieces: [Piece] = []
        let bytes = Array(source.utf8)
        var at = 0
        while let open = Template.opening(in: bytes, from: at) {
            if open > at { pieces.append(.text(String(decoding: bytes[at..<open], as: UTF8.self))) }
            guard let close = Template.closing(in: bytes, from: open + 2) else {
                throw Fault(.malformed, "The place that opens at byte \(open) of the template is not closed.")
            }
            pieces.append(try Template.place(bytes[(open + 2)..<close], at: open, reading))
            at = close + 2
        }
        if at < bytes.count { pieces.append(.text(String(decoding: bytes[at...], as: UTF8.self))) }
        guard pieces.count <= 2 * Template.placeLimit else {
            throw Fault(.limitReached, "A template may have at most \(Template.placeLimit) places to fill.")
        }
        self.pieces = pieces
    }

    /// Expressions as they are.
    static func plain(_ text: String) throws(JMESPathError) -> JMESPath { try JMESPath(text) }

    /// The expression of a template that is one place and nothing else, without a filter.
    var soleExpression: JMESPath? {
        guard pieces.count == 1, case .place(let expression, nil, _) = pieces[0] else { return nil }
        return expression
    }

    /// The expressions of all places.
    var expressions: [JMESPath] {
        pieces.compactMap { piece in
            if case .place(let expression, _, _) = piece { expression } else { nil }
        }
    }

    // MARK: Reading

    private static func opening(in bytes: [UInt8], from start: Int) -> Int? {
        let brace = UInt8(ascii: "{")
        var at = start
        while at + 1 < bytes.count {
            if bytes[at] == brace, bytes[at + 1] == brace { return at }
            at += 1
        }
        return nil
    }

    /// The two braces that end a place: neither in quotes nor in braces of the expression's own.
    private static func closing(in bytes: [UInt8], from start: Int) -> Int? {
        var at = start
        var depth = 0
        while at < bytes.count {
            switch bytes[at] {
            case UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`"):
                guard let end = endOfQuote(in: bytes, from: at) else { return nil }
                at = end
            case UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "}") where depth > 0: depth -= 1
            case UInt8(ascii: "}"): return at + 1 < bytes.count && bytes[at + 1] == UInt8(ascii: "}") ? at : nil
            default: break
            }
            at += 1
        }
        return nil
    }

    private static func endOfQuote(in bytes: [UInt8], from start: Int) -> Int? {
        var at = start + 1
        while at < bytes.count {
            if bytes[at] == bytes[start] { return at }
            at += bytes[at] == UInt8(ascii: "\\") ? 2 : 1
        }
        return nil
    }

    private static func place(
        _ bytes: ArraySlice<UInt8>, at offset: Int, _ reading: Reading
    ) throws(Fault) -> Piece {
        var expression = bytes
        var filter: Filter?
        // No expression of JMESPath holds these two characters but in quotes, and no filter holds a quote.
        let mark = bytes.indices.dropLast().last { bytes[$0] == UInt8(ascii: "|") && bytes[$0 + 1] == UInt8(ascii: ">") }
        if let mark {
            let name = String(decoding: bytes[(mark + 2)...].filter { $0 != UInt8(ascii: " ") }, as: UTF8.self)
            filter = Filter(rawValue: name)
            expression = bytes[..<mark]
            if filter == nil, !name.utf8.contains(where: { "'\"`".utf8.contains($0) }) {
                let names = Filter.allCases.map(\.rawValue).joined(separator: ", ")
                throw Fault(.malformed, "The place at byte \(offset) of the template names no filter: \(names).")
            }
            if filter == nil { expression = bytes }
        }
        do throws(JMESPathError) {
            return .place(try reading(String(decoding: expression, as: UTF8.self)), filter, offset: offset)
        } catch {
            throw Fault(
                error.kind == .limit ? .limitReached : .malformed,
                "The place at byte \(offset) of the template: \(error.sentence)")
        }
    }

    // MARK: Filling

    /// The text with every place filled from `data`.
    /// - Parameter standard: the filter of places that name none.
    /// - Throws: `.invalid` naming the template when a value is missing or a bound is met.
    func filled(from data: JSONValue, standard: Filter) throws(Fault) -> String {
        var bytes: [UInt8] = []
        var bounds = JMESPath.Bounds()
        bounds.steps /= max(1, pieces.count)
        for piece in pieces {
            switch piece {
            case .text(let text): bytes += Array(text.utf8)
            case .place(let expression, let filter, let offset):
                bounds.outputBytes = Template.outputBytes - min(bytes.count, Template.outputBytes)
                let value: JSONValue
                do throws(JMESPathError) {
                    value = try expression.evaluate(data, bounds: bounds)
                } catch {
                    throw .invalid("template", "format", "The place at byte \(offset): \(error.sentence)")
                }
                guard !value.isNull else {
                    throw .invalid("template", "required", "There is no value for the place at byte \(offset).")
                }
                (filter ?? standard).write(value, to: &bytes)
            }
            guard bytes.count <= Template.outputBytes else {
                throw .invalid("template", "limit", "The text has more than \(Template.outputBytes) bytes.")
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension Template.Filter {
    /// Spells a value.
    func write(_ value: JSONValue, to bytes: inout [UInt8]) {
        let plain = value.string.map { Array($0.utf8) } ?? value.bytes
        switch self {
        case .text: bytes += plain
        case .json: bytes += value.bytes
        case .html:
            for byte in plain {
                switch byte {
                case UInt8(ascii: "&"): bytes += Array("&amp;".utf8)
                case UInt8(ascii: "<"): bytes += Array("&lt;".utf8)
                case UInt8(ascii: ">"): bytes += Array("&gt;".utf8)
                case UInt8(ascii: "\""): bytes += Array("&quot;".utf8)
                case UInt8(ascii: "'"): bytes += Array("&#39;".utf8)
                default: bytes.append(byte)
                }
            }
        case .url:
            let digits = Array("0123456789ABCDEF".utf8)
            for byte in plain {
                // Unreserved characters (RFC 3986, section 2.3).
                let isLetter = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                if isLetter || isDigit || "-._~".utf8.contains(byte) {
                    bytes.append(byte)
                } else {
                    bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
                }
            }
        }
    }
}
