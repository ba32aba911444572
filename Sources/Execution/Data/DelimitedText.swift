// Comma-separated values (RFC 4180): fields between delimiters, in quotes where they hold one, a quote or a line end; a quote inside is
// written twice. Lines end with CRLF, LF or CR. A text that breaks these rules is refused with the line where it does.
// Bounds: `columnLimit` fields a row, `fieldBytes` a field, and the rows that the caller wants at most.

import Base
import JSON

/// The rows of a text of delimited values.
struct DelimitedText {
    static let columnLimit = 500
    static let fieldBytes = 64 << 10

    private let bytes: [UInt8]
    private let delimiter: UInt8
    private var at = 0
    /// The line that is being read, from 1.
    private(set) var line = 1

    init(_ bytes: [UInt8], delimiter: UInt8 = UInt8(ascii: ",")) {
        self.bytes = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
        self.delimiter = delimiter
    }

    /// The fields of the next row; `nil` at the end of the text. An empty line is a row of one empty field.
    /// - Throws: `.malformed` naming the line.
    mutating func next() throws(Fault) -> [String]? {
        guard at < bytes.count else { return nil }
        var row: [String] = []
        while true {
            row.append(try field())
            guard row.count <= DelimitedText.columnLimit else {
                throw fault("has more than \(DelimitedText.columnLimit) fields")
            }
            guard at < bytes.count else { return row }
            let byte = bytes[at]
            at += 1
            if byte == delimiter { continue }
            // A line end: of one byte or two.
            if byte == 0x0D, at < bytes.count, bytes[at] == 0x0A { at += 1 }
            line += 1
            return row
        }
    }

    /// One field, up to the delimiter or line end behind it.
    private mutating func field() throws(Fault) -> String {
        if at < bytes.count, bytes[at] == UInt8(ascii: "\"") { return try quoted() }
        let start = at
        while at < bytes.count, bytes[at] != delimiter, bytes[at] != 0x0A, bytes[at] != 0x0D {
            guard bytes[at] != UInt8(ascii: "\"") else { throw fault("has a quote inside a field that is not in quotes") }
            at += 1
        }
        return try text(bytes[start..<at])
    }

    private mutating func quoted() throws(Fault) -> String {
        let first = line
        var content: [UInt8] = []
        at += 1
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            if byte != UInt8(ascii: "\"") {
                if byte == 0x0A || byte == 0x0D && (at >= bytes.count || bytes[at] != 0x0A) { line += 1 }
                content.append(byte)
                continue
            }
            if at < bytes.count, bytes[at] == UInt8(ascii: "\"") {
                content.append(byte)
                at += 1
                continue
            }
            guard at >= bytes.count || bytes[at] == delimiter || bytes[at] == 0x0A || bytes[at] == 0x0D else {
                throw fault("has something behind the end of a field in quotes")
            }
            return try text(content[...])
        }
        line = first
        throw fault("has a quote that is never closed")
    }

    private func text(_ slice: ArraySlice<UInt8>) throws(Fault) -> String {
        guard slice.count <= DelimitedText.fieldBytes else {
            throw fault("has a field of more than \(DelimitedText.fieldBytes) bytes")
        }
        guard let text = String(validating: slice, as: UTF8.self), !slice.contains(0) else {
            throw fault("holds bytes that are no text in UTF-8")
        }
        return text
    }

    private func fault(_ what: String) -> Fault { Fault(.malformed, "Line \(line) of the delimited text \(what).") }
}
