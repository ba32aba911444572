// The log of one run, gathered here and written with the next change of the journal, so that a line costs no round trip.
// Bounds: `lineLimit` lines a lease, `messageBytes` a message, `metadataBytes` of metadata.

import Base
import JSON
import Postgres

/// How much a line of an execution's log matters.
public enum LogLevel: String, Sendable, CaseIterable, JSONRepresentable {
    case debug, info, warn, error
}

/// The lines of one run that are not written yet.
final class RunLog: @unchecked Sendable {
    // Touched on the loop of its run alone.

    static let lineLimit = 1_000
    static let messageBytes = 2_048
    static let metadataBytes = 8_192
    /// Lines of one lease number from here times its epoch, so that those of a later lease come later.
    static let linesPerEpoch = 1_000_000

    private let epoch: Int
    private var count = 0
    private var lines = Lines()

    /// Lines in the form that the statement takes: a column each.
    struct Lines: Sendable {
        var seqs: [Int] = []
        var moments: [Timestamp] = []
        var levels: [String] = []
        var messages: [String] = []
        var metadata: [JSONBytes] = []

        var isEmpty: Bool { seqs.isEmpty }

        mutating func append(_ others: Lines) {
            seqs += others.seqs
            moments += others.moments
            levels += others.levels
            messages += others.messages
            metadata += others.metadata
        }
    }

    /// When something was added last: as long as there is something to say, the work goes on.
    private(set) var lastWord = Instant.now

    var isEmpty: Bool { lines.isEmpty }

    init(epoch: Int) {
        self.epoch = epoch
    }

    /// Adds a line. What is too long is cut; lines beyond the bound are left out, which the last line says.
    func add(_ level: LogLevel, _ message: String, _ metadata: JSONObject = JSONObject()) {
        lastWord = .now
        guard count < RunLog.lineLimit else { return }
        count += 1
        if count == RunLog.lineLimit {
            append(.warn, "The log is full: further lines are left out.", JSONValue.object(JSONObject()).bytes)
            return
        }
        var bytes = JSONValue.object(metadata).storable.bytes
        if bytes.count > RunLog.metadataBytes {
            let omission: JSONValue = ["omitted_bytes": .integer(bytes.count)]
            bytes = omission.bytes
        }
        append(level, message.storable.cut(bytes: RunLog.messageBytes), bytes)
    }

    private func append(_ level: LogLevel, _ message: String, _ metadata: [UInt8]) {
        lines.seqs.append(epoch * RunLog.linesPerEpoch + count)
        lines.moments.append(.now)
        lines.levels.append(level.rawValue)
        lines.messages.append(message)
        lines.metadata.append(JSONBytes(metadata))
    }

    /// The lines since the last call; they are the caller's to write.
    func take() -> Lines {
        defer { lines = Lines() }
        return lines
    }
}
