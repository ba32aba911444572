// What a scan finds wrong, how bad that is, and what it does to the score: 100 points, of which every finding takes those of its severity; a
// part that could not be looked at takes none and is told as skipped. A from 90 points, B from 75, C from 60, D from 40.

import JSON

/// Something that could be safer.
struct SecurityFinding: Sendable, Hashable {
    enum Severity: String, Sendable, CaseIterable, JSONRepresentable {
        case high, medium, low, info

        /// The points that a finding takes.
        var points: Int {
            switch self {
            case .high: 25
            case .medium: 10
            case .low: 4
            case .info: 0
            }
        }
    }

    let id: String
    let severity: Severity
    let title: String
    /// What was seen.
    let evidence: String
    let advice: String

    /// The most bytes of evidence.
    static let evidenceBytes = 300

    init(_ severity: Severity, _ id: String, _ title: String, seen evidence: String, _ advice: String) {
        self.severity = severity
        self.id = id
        self.title = title
        self.evidence = evidence.cut(bytes: SecurityFinding.evidenceBytes)
        self.advice = advice
    }

    static let output = Output<SecurityFinding>(
        "SecurityFinding", "Something that could be safer.",
        [
            .field("id", "What it is, in a word that stays.") { $0.id }, .field("severity", "How bad it is.") { $0.severity },
            .field("title", "What it is, in a sentence.") { $0.title }, .field("evidence", "What was seen.") { $0.evidence },
            .field("advice", "What to do.") { $0.advice },
        ])
}

/// The outcome of a scan.
struct SecurityReport: Sendable {
    let target: String
    let findings: [SecurityFinding]
    /// The parts that were looked at.
    let checked: [String]
    /// Why others were not.
    let skipped: [String: String]

    /// `nil` when what visitors meet, the page or its TLS, could not be looked at: what nobody saw has no points.
    var score: Int? {
        guard checked.contains("http"), skipped["tls"] == nil else { return nil }
        return max(0, 100 - findings.reduce(0) { $0 + $1.severity.points })
    }

    var grade: String? {
        guard let score else { return nil }
        return switch score {
        case 90...: "A"
        case 75...: "B"
        case 60...: "C"
        case 40...: "D"
        default: "F"
        }
    }

    static let output = Output<SecurityReport>(
        "SecurityReport",
        "What a scan found. The score is 100 less 25 for each finding that is high, 10 for medium and 4 for low.",
        [
            .field("target", "What was looked at.") { $0.target },
            .field("score", "0 to 100; null when the page or its TLS could not be looked at.") { $0.score },
            .field("grade", "A from 90, B from 75, C from 60, D from 40, F below; null without a score.") { $0.grade },
            .list("findings", "What could be safer, the worst first.", SecurityFinding.output) { $0.findings },
            .field("checked", "The parts that were looked at.") { $0.checked },
            .field("skipped", "Why others were not, by parts; they take no points.") { $0.skipped },
        ])
}
