// Zones by their names, from the system's copy of the IANA database. A file is read once and kept; it is small, and so this may be done on a loop.
// Bounds: `fileBytes` a file, and as many files as the database has.

import Base
import CLinux
import Glibc
import Synchronization

extension ZoneRules {
    /// Where systems keep the compiled database.
    private static let folder = "/usr/share/zoneinfo"
    private static let fileBytes = 64 << 10
    private static let nameCharacters = 64
    private static let kept = Mutex<[String: ZoneRules]>(["UTC": .utc])

    /// The zone of that name, such as `Europe/Berlin`; `nil` when the database has none.
    public static func named(_ name: String) -> ZoneRules? {
        if let known = kept.withLock({ $0[name] }) { return known }
        guard isName(name), let file = read("\(folder)/\(name)"), let zone = ZoneRules(file: file) else { return nil }
        kept.withLock { $0[name] = zone }
        return zone
    }

    /// Whether a name may be looked up: parts of letters, digits, `_`, `+` and `-`, none of the database's own files among them.
    private static func isName(_ name: String) -> Bool {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard name.utf8.count <= nameCharacters, parts.count <= 3, let first = parts.first?.utf8.first, first >= 0x41,
            first <= 0x5A
        else { return false }
        return parts.allSatisfy { part in
            !part.isEmpty
                && part.utf8.allSatisfy { byte in
                    byte >= 0x41 && byte <= 0x5A || byte >= 0x61 && byte <= 0x7A || byte >= 0x30 && byte <= 0x39
                        || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
                }
        }
    }

    /// The whole of a file; `nil` when it can't be read or is too long.
    private static func read(_ path: String) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var content = [UInt8](repeating: 0, count: fileBytes)
        var count = 0
        while count < fileBytes {
            let more = unsafe content.withUnsafeMutableBytes { bytes in
                unsafe Glibc.read(descriptor, bytes.baseAddress.unsafelyUnwrapped + count, fileBytes - count)
            }
            if more < 0 && insula_errno() == EINTR { continue }
            guard more >= 0 else { return nil }
            if more == 0 { return Array(content.prefix(count)) }
            count += more
        }
        return nil
    }
}

extension ZoneRules {
    /// Reads a compiled file of version 2 or later; `nil` when it is none.
    init?(file: [UInt8]) {
        var reader = TZifReader(rest: file[...])
        // The first block has only 32 bits for a moment; what it says comes again in the second.
        guard let first = reader.header(), first.version >= UInt8(ascii: "2"), reader.skip(first.bytes(perTime: 4)),
            let header = reader.header(), header.types > 0
        else { return nil }
        var starts: [Int] = []
        for _ in 0..<header.times {
            guard let start = reader.integer(8) else { return nil }
            starts.append(start)
        }
        var kinds: [Int] = []
        for _ in 0..<header.times {
            guard let kind = reader.integer(1), kind < header.types else { return nil }
            kinds.append(kind)
        }
        var offsets: [Int] = []
        for _ in 0..<header.types {
            guard let offset = reader.integer(4), reader.skip(2) else { return nil }
            offsets.append(Int(Int32(truncatingIfNeeded: offset)))
        }
        guard reader.skip(header.characters + header.leaps * 12 + header.standards + header.universals), reader.integer(1) == 10,
            let end = reader.rest.firstIndex(of: 10)
        else { return nil }
        let footer = String(decoding: reader.rest[..<end], as: UTF8.self)
        let rule = ZoneRule(footer)
        guard rule != nil || footer.isEmpty else { return nil }
        var periods = [Period(start: .min, offset: offsets[0])]
        for (start, kind) in zip(starts, kinds) {
            guard start > periods[periods.count - 1].start else { return nil }
            periods.append(Period(start: start, offset: offsets[kind]))
        }
        self.init(periods: periods, rule: rule)
    }
}

/// Reads the parts of a TZif file one after the other.
private struct TZifReader {
    struct Header {
        let version: UInt8
        let universals, standards, leaps, times, types, characters: Int

        /// The length of the block behind it.
        func bytes(perTime: Int) -> Int {
            times * (perTime + 1) + types * 6 + characters + leaps * (perTime + 4) + standards + universals
        }
    }

    var rest: ArraySlice<UInt8>

    mutating func skip(_ count: Int) -> Bool {
        guard rest.count >= count else { return false }
        rest = rest.dropFirst(count)
        return true
    }

    /// A number of so many bytes, the highest first.
    mutating func integer(_ count: Int) -> Int? {
        guard rest.count >= count else { return nil }
        let number = rest.prefix(count).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        rest = rest.dropFirst(count)
        return Int(Int64(bitPattern: number))
    }

    mutating func header() -> Header? {
        guard rest.starts(with: Array("TZif".utf8)), skip(4), let version = integer(1), skip(15) else { return nil }
        var counts: [Int] = []
        for _ in 0..<6 {
            guard let count = integer(4), count <= 1 << 20 else { return nil }
            counts.append(count)
        }
        return Header(
            version: UInt8(version), universals: counts[0], standards: counts[1], leaps: counts[2], times: counts[3],
            types: counts[4], characters: counts[5])
    }
}
