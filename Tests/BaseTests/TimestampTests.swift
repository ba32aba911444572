import Base
import Testing

@Suite struct TimestampTests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00.000Z", 0), ("2024-02-29T23:59:59.999Z", 1_709_251_199_999_000),
            ("1969-12-31T23:59:59.999Z", -1000), ("9999-12-31T23:59:59.999Z", 253_402_300_799_999_000),
        ] as [(String, Int64)])
    func `a moment reads and writes the same`(_ text: String, _ microseconds: Int64) {
        #expect(Timestamp(rfc3339: text)?.microseconds == microseconds)
        #expect(Timestamp(microseconds: microseconds).rfc3339 == text)
    }

    @Test func `offsets and fractions are taken`() {
        #expect(Timestamp(rfc3339: "2024-01-01T01:30:00+01:30") == Timestamp(rfc3339: "2024-01-01T00:00:00Z"))
        #expect(Timestamp(rfc3339: "2024-01-01t00:00:00.5z")?.microseconds == 1_704_067_200_500_000)
    }

    @Test(arguments: [
        "2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01 00:00:00Z",
        "2024-01-01T00:00:00", "2024-01-01T00:00:00.Z", "2024-01-01T00:00:60Z", "2024-01-01T00:00:00+1:00", "",
    ])
    func `what is no moment is refused`(_ text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }
}
