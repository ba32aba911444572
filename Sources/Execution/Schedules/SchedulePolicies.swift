// What becomes of fires that nobody could see to in time, and of those that come while the run before them is still under way.

import Base
import JSON

/// What becomes of fires that were planned for a time when nothing looked: the servers were down, or the database was.
public struct MissedPolicy: Sendable, Equatable {
    /// How many are made up for.
    public enum Kind: String, Sendable, CaseIterable, JSONRepresentable {
        /// None.
        case skip
        /// One for all of them.
        case one
        /// Each, within bounds.
        case all
    }

    /// The most that are made up for at once.
    public static let most = 1...100
    /// How far back they are made up for.
    public static let windowSeconds = 60...604_800

    public let kind: Kind
    /// Of `all`: the newest so many.
    public let most: Int
    /// Of `all`: none that was planned longer ago.
    public let windowSeconds: Int

    public init(_ kind: Kind, most: Int = 10, windowSeconds: Int = 86_400) {
        self.kind = kind
        self.most = most
        self.windowSeconds = windowSeconds
    }

    public static let skip = MissedPolicy(.skip)
}

/// What becomes of a fire while the run of an earlier one is under way.
public enum OverlapPolicy: String, Sendable, CaseIterable, JSONRepresentable {
    /// It is left out.
    case skip
    /// One waits until that run has ended; further ones are left out.
    case bufferOne = "buffer_one"
    /// That run is cancelled, and the new one begins.
    case cancel
    /// Both run.
    case allow
}
