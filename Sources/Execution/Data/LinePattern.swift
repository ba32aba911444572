// Fields out of lines of text, by a line with names where the fields stand: `Order {id} of {date}: {total}`. A field takes the fewest
// characters up to the text behind it; an empty name passes over what stands there.
// Bounds: `fieldLimit` fields; the time is linear in the text, since each field is looked for behind the one before (`ByteSearch`).

import Base
import JSON

/// What a line looks like.
struct LinePattern: Sendable {
    static let characters = 1...500
    static let fieldLimit = 32

    private enum Piece {
        case text(ByteSearch)
        case field(String)
    }

    private let pieces: [Piece]

    /// `nil` when braces are not closed, or two fields have nothing between them or the same name.
    init?(_ pattern: String) {
        var pieces: [Piece] = []
        var names: Set<String> = []
        var rest = Array(pattern.utf8)[...]
        while let first = rest.first {
            guard first == UInt8(ascii: "{") else {
                let text = rest.prefix { $0 != UInt8(ascii: "{") }
                guard !text.contains(UInt8(ascii: "}")) else { return nil }
                pieces.append(.text(ByteSearch(Array(text))))
                rest = rest.dropFirst(text.count)
                continue
            }
            guard let end = rest.firstIndex(of: UInt8(ascii: "}")) else { return nil }
            let name = String(decoding: rest[(rest.startIndex + 1)..<end], as: UTF8.self)
            if case .field? = pieces.last { return nil }
            guard name.utf8.count <= FieldPath.nameBytes, name.isEmpty || names.insert(name).inserted else { return nil }
            pieces.append(.field(name))
            rest = rest[(end + 1)...]
        }
        guard !names.isEmpty, names.count <= LinePattern.fieldLimit else { return nil }
        self.pieces = pieces
    }

    /// The fields of a line; `nil` when it does not look so.
    func record(_ line: ArraySlice<UInt8>) -> JSONObject? {
        var record = JSONObject()
        var rest = line
        for (index, piece) in pieces.enumerated() {
            switch piece {
            case .text(let text):
                // Behind a field it has been taken already.
                if index > 0 { continue }
                guard rest.starts(with: text.run) else { return nil }
                rest = rest.dropFirst(text.run.count)
            case .field(let name):
                var end = rest.endIndex
                var next = rest.endIndex
                if index + 1 < pieces.count, case .text(let text) = pieces[index + 1] {
                    let isLast = index + 2 == pieces.count
                    guard let found = LinePattern.find(text, in: rest, atEnd: isLast) else { return nil }
                    (end, next) = (found, found + text.run.count)
                }
                if !name.isEmpty { record[name] = .string(String(decoding: rest[rest.startIndex..<end], as: UTF8.self).trimmed) }
                rest = rest[next...]
            }
        }
        return rest.isEmpty ? record : nil
    }

    private static func find(_ text: ByteSearch, in line: ArraySlice<UInt8>, atEnd: Bool) -> Int? {
        guard atEnd else { return text.first(in: line) }
        let end = line.suffix(text.run.count)
        return end.elementsEqual(text.run) ? end.startIndex : nil
    }

    /// The records of all lines that look so.
    func records(_ text: [UInt8], limit: Int) throws(Fault) -> [JSONObject] {
        var records: [JSONObject] = []
        for line in text.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            guard let record = record(line) else { continue }
            guard records.count < limit else { throw Fault(.limitReached, "There are more than \(limit) records.") }
            records.append(record)
        }
        return records
    }
}
