// One change of the schema: a file whose name begins with its moment and whose first line says why.

import Base

/// One file of the migrations folder.
public struct Migration: Sendable, Hashable {
    /// `YYYYMMDDTHHMMSS_name.sql`. Names are the order.
    public let name: String
    let sql: String

    /// The migrations in `folder`, in order. Files that don't end in `.sql` are not looked at.
    /// - Throws: `.invalid` naming the file whose name or first line is not as it should be.
    public static func all(in folder: String) throws(Fault) -> [Migration] {
        guard let names = FileSystem.names(in: folder) else {
            throw Fault(.invalid, "The folder of the migrations cannot be read.", cause: folder)
        }
        var migrations: [Migration] = []
        for name in names where name.hasSuffix(".sql") {
            guard isWellNamed(name) else {
                throw Fault(.invalid, "The migration \(name) is not named YYYYMMDDTHHMMSS_name.sql.")
            }
            guard let sql = FileSystem.text("\(folder)/\(name)") else {
                throw Fault(.invalid, "The migration \(name) cannot be read.", cause: folder)
            }
            guard sql.hasPrefix("-- ") else {
                throw Fault(.invalid, "The migration \(name) does not begin with a comment that says why.")
            }
            migrations.append(Migration(name: name, sql: sql))
        }
        return migrations
    }

    static func isWellNamed(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        guard bytes.count > 20, bytes.count <= 100, bytes[8] == UInt8(ascii: "T"), bytes[15] == UInt8(ascii: "_") else {
            return false
        }
        func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
        let word = bytes[16..<bytes.count - 4]
        return bytes[0..<8].allSatisfy(isDigit) && bytes[9..<15].allSatisfy(isDigit)
            && word.allSatisfy { isDigit($0) || $0 == UInt8(ascii: "_") || ($0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "z")) }
    }
}
