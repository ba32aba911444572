// What a password hash costs. The bounds hold for stored strings as well, so that one row that someone tampered with can't take
// the memory or the time of the whole node.

extension Password {
    /// The cost of one hash.
    public struct Parameters: Sendable, Equatable {
        /// Memory of one hash, in KiB.
        public let memoryKibibytes: Int
        /// Passes over the memory.
        public let iterations: Int
        /// Lanes, each filled by a thread of its own.
        public let lanes: Int

        /// 19 MiB, two passes, one lane: the minimum that OWASP's password storage cheat sheet asks for.
        public static let standard = Parameters(memoryKibibytes: 19_456, iterations: 2, lanes: 1)

        static let memoryKibibytesLimit = 262_144
        static let iterationLimit = 16
        static let laneLimit = 4
        /// The most KiB passed over in one hash, all passes together: about a second of work.
        static let workKibibytesLimit = 1_048_576

        public init(memoryKibibytes: Int, iterations: Int, lanes: Int) {
            self.memoryKibibytes = memoryKibibytes
            self.iterations = iterations
            self.lanes = lanes
        }

        /// Whether these are parameters that argon2 knows and that the node can afford.
        var isWithinBounds: Bool {
            (1...Self.iterationLimit).contains(iterations) && (1...Self.laneLimit).contains(lanes)
                && (8 * lanes...Self.memoryKibibytesLimit).contains(memoryKibibytes)
                && memoryKibibytes * iterations <= Self.workKibibytesLimit
        }
    }
}
