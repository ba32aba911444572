// Structured field values (RFC 9651): a field whose specification says so is an item, a list or a dictionary. Strict: whatever the
// algorithms of section 4.2 refuse is refused whole, and a field that is malformed counts as absent.
// Bounds: those of the head that the value came in; the parser keeps no more than the value says, and nests no deeper than its grammar.

/// Reads the values of structured fields. The lines of a field that came several times are joined with a comma before.
public enum StructuredField {
    /// Reads an item; `nil` when it is malformed.
    public static func item(_ text: [UInt8]) -> StructuredItem? {
        read(text) { parser throws(Malformed) in try parser.item() }
    }

    /// Reads a list, which may be empty; `nil` when it is malformed.
    public static func list(_ text: [UInt8]) -> [StructuredMember]? {
        read(text) { parser throws(Malformed) in try parser.list() }
    }

    /// Reads a dictionary, which may be empty: its members in the order of their first mention, each name once, with its last value.
    /// `nil` when it is malformed.
    public static func dictionary(_ text: [UInt8]) -> [(name: String, value: StructuredMember)]? {
        read(text) { parser throws(Malformed) in try parser.dictionary() }
    }

    struct Malformed: Error {}

    private static func read<Value>(
        _ text: [UInt8], _ body: (inout StructuredFieldParser) throws(Malformed) -> Value
    ) -> Value? {
        var parser = StructuredFieldParser(text)
        do throws(Malformed) {
            parser.skipSpaces()
            let value = try body(&parser)
            parser.skipSpaces()
            return parser.isAtEnd ? value : nil
        } catch {
            return nil
        }
    }
}
