// Every bound of the product that is not the business of one file, with its unit in its name. A bound here is met by a test.

/// The bounds of the system.
public enum Limits {
    // MARK: JSON
    public static let jsonDepth = 128
    public static let jsonBytes = 16 << 20

    // MARK: HTTP, incoming
    public static let requestHeadBytes = 16 << 10
    public static let requestTargetBytes = 8 << 10
    public static let requestHeaderCount = 64
    public static let requestBodyBytes = 1 << 20
    public static let headDeadlineMilliseconds = 10_000
    public static let bodyDeadlineMilliseconds = 30_000
    public static let idleDeadlineMilliseconds = 75_000
    public static let writeDeadlineMilliseconds = 30_000
    public static let connectionsPerLoop = 32_768
    public static let requestsInFlightPerLoop = 1_024
    public static let acceptsPerWakeup = 64

    // MARK: HTTP, outgoing
    public static let responseHeadBytes = 64 << 10
    public static let responseHeaderCount = 256
    public static let responseBodyBytes = 10 << 20
    public static let outboundDeadlineMilliseconds = 30_000
    public static let outboundRedirects = 5
    public static let outboundConnectionsPerLoop = 512
    public static let outboundIdleConnectionsPerOrigin = 4

    // MARK: PostgreSQL
    public static let laneQueue = 4_096
    public static let laneQueueBytes = 64 << 20
    public static let sessionLanesPerLoop = 12
    public static let sessionWaiters = 256
    public static let sessionWaitMilliseconds = 5_000
    public static let statementTimeoutMilliseconds = 10_000
    public static let lockTimeoutMilliseconds = 5_000
    public static let idleInTransactionMilliseconds = 15_000
    public static let idleInSnapshotMilliseconds = 60_000

    // MARK: Blocking work
    public static let blockingThreads = 4
    public static let blockingQueue = 256
    public static let nameLookupThreads = 16
}
