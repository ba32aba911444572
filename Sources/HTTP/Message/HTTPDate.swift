// The preferred date format of HTTP, IMF-fixdate (RFC 9110, section 5.6.7).

import Base

/// Writes dates as HTTP has them.
public enum HTTPDate {
    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// `Sun, 06 Nov 1994 08:49:37 GMT` for a number of seconds since 1970.
    public static func text(seconds: Int64) -> String {
        let text = Array(Timestamp(microseconds: seconds * 1_000_000).rfc3339)
        let day = days[Int((seconds / 86_400) % 7 + 7) % 7]
        let month = months[(Int(String(text[5...6])) ?? 1) - 1]
        return "\(day), \(String(text[8...9])) \(month) \(String(text[0...3])) \(String(text[11...18])) GMT"
    }
}
