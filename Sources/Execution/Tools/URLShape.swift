// A URL that tools may be given.

import HTTP
import JSON

extension ValueShape where Self == RefinedShape<StringShape> {
    /// An absolute URL of `http` or `https` without user name and password.
    static var httpURL: RefinedShape<StringShape> {
        StringShape(1...8192).refined(.format, "This must be an absolute http or https URL without user name and password.") {
            text in
            guard let url = WebURL(text) else { return false }
            return (url.scheme == "http" || url.scheme == "https") && !url.hasCredentials && !url.hostname.isEmpty
        }
    }
}
