// What operations may know of a call: who it is called by outside, where it came from, what state of a resource it was made for. Read
// from the head only when somebody asks.

import Base
import HTTP
import Tenancy

extension Call: RequestContext {
    /// Characters of a `User-Agent` that are kept.
    private static let userAgentCharacters = 200

    public var addressText: String? { address?.description }

    public var userAgentText: String? {
        exchange.head.headers.text(of: .userAgent).map { String($0.unicodeScalars.prefix(Call.userAgentCharacters)) }
    }

    public var acceptedRevisions: [Int]? {
        exchange.head.headers.text(of: .ifMatch).flatMap(EntityTag.revisions)
    }
}
