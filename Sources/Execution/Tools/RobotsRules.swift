// What a site asks of programs that read it: robots.txt as RFC 9309 says. The groups of our name count, else those of `*`; of the rules
// that match a path the longest decides, and of two as long the one that allows. Pure: bytes in, an answer out.
// Bounds: `maximumBytes` read, `maximumRules` kept, `maximumSteps` of matching, beyond which the answer is no.

/// The rules of one robots.txt for one program.
struct RobotsRules: Sendable {
    /// Bytes that are read; RFC 9309 asks for at least these.
    static let maximumBytes = 500 << 10
    static let maximumRules = 10_000
    static let maximumSteps = 2_000_000

    /// One line that allows or disallows.
    private struct Rule: Sendable {
        let allows: Bool
        let pattern: [UInt8]
    }

    private var rules: [Rule] = []

    /// Reads a file for the program whose name begins with `token`; letters' case means nothing.
    init(_ bytes: [UInt8], token: String) {
        let token = Array(token.lowercased().utf8)
        var named: [Rule]?
        var general: [Rule] = []
        var group = Group()
        for line in RobotsRules.lines(bytes.prefix(RobotsRules.maximumBytes)) {
            guard let (key, value) = RobotsRules.record(line) else { continue }
            switch key {
            case "user-agent":
                if group.hasRules { group = Group() }
                if value == [UInt8(ascii: "*")] { group.isGeneral = true }
                if RobotsRules.product(value) == token {
                    group.isNamed = true
                    named = named ?? []
                }
            case "allow", "disallow":
                group.hasRules = true
                guard !value.isEmpty else { continue }
                let rule = Rule(allows: key == "allow", pattern: RobotsRules.normalized(value))
                if group.isNamed, named!.count < RobotsRules.maximumRules { named!.append(rule) }
                if group.isGeneral, general.count < RobotsRules.maximumRules { general.append(rule) }
            default: break
            }
        }
        rules = named ?? general
    }

    /// The lines since the last `user-agent` that followed a rule.
    private struct Group {
        var isNamed = false
        var isGeneral = false
        var hasRules = false
    }

    /// Whether the target, path and query as they are sent, may be read.
    func allows(_ target: String) -> Bool {
        let target = RobotsRules.normalized(Array(target.utf8)[...])
        if target == Array("/robots.txt".utf8) { return true }
        var best: Rule?
        var steps = 0
        for rule in rules {
            if let best, best.pattern.count > rule.pattern.count || (best.pattern.count == rule.pattern.count && best.allows) {
                continue
            }
            let isMatch = RobotsRules.matches(rule.pattern, target, &steps)
            if steps > RobotsRules.maximumSteps { return false }
            if isMatch { best = rule }
        }
        return best?.allows ?? true
    }

    /// The name under which a program with that User-Agent looks for rules: its first product, without the version.
    static func token(of userAgent: String) -> String {
        String(decoding: product(Array(userAgent.utf8)[...]), as: UTF8.self)
    }

    // MARK: Reading

    private static func lines(_ bytes: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let text = bytes.starts(with: mark) ? bytes.dropFirst(3) : bytes
        return text.split { $0 == 0x0A || $0 == 0x0D }
    }

    /// Name and value of a line, the name in lower case; comments and blanks around are left out.
    private static func record(_ line: ArraySlice<UInt8>) -> (key: String, value: ArraySlice<UInt8>)? {
        let content = line.prefix { $0 != UInt8(ascii: "#") }
        guard let colon = content.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let key = trimmed(content[..<colon])
        return (String(decoding: key, as: UTF8.self).lowercased(), trimmed(content[(colon + 1)...]))
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var bytes = bytes
        while let first = bytes.first, first == 0x20 || first == 0x09 { bytes.removeFirst() }
        while let last = bytes.last, last == 0x20 || last == 0x09 { bytes.removeLast() }
        return bytes
    }

    /// The letters, underscores and hyphens that a name begins with, in lower case.
    private static func product(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        bytes.prefix { isLetter($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }.map { isUpper($0) ? $0 | 0x20 : $0 }
    }

    /// One spelling for what means the same: escapes of unreserved characters undone, the others in upper case, bytes beyond ASCII escaped.
    static func normalized(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        let bytes = Array(bytes)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var at = 0
        while at < bytes.count {
            let byte = bytes[at]
            if byte == UInt8(ascii: "%"), at + 2 < bytes.count, let high = digit(bytes[at + 1]), let low = digit(bytes[at + 2]) {
                let value = high << 4 | low
                if isUnreserved(value) { result.append(value) } else { appendEscape(of: value, to: &result) }
                at += 3
                continue
            }
            if byte < 0x80 { result.append(byte) } else { appendEscape(of: byte, to: &result) }
            at += 1
        }
        return result
    }

    private static func appendEscape(of byte: UInt8, to bytes: inout [UInt8]) {
        let digits = Array("0123456789ABCDEF".utf8)
        bytes.append(UInt8(ascii: "%"))
        bytes.append(digits[Int(byte >> 4)])
        bytes.append(digits[Int(byte & 15)])
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func isUpper(_ byte: UInt8) -> Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) }

    private static func isLetter(_ byte: UInt8) -> Bool {
        isUpper(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "-._~".utf8.contains(byte)
    }

    // MARK: Matching

    /// Whether `target` begins with `pattern`, in which `*` stands for anything and a `$` at the end for the end.
    private static func matches(_ pattern: [UInt8], _ target: [UInt8], _ steps: inout Int) -> Bool {
        let isAnchored = pattern.last == UInt8(ascii: "$")
        let end = isAnchored ? pattern.count - 1 : pattern.count
        var inPattern = 0
        var inTarget = 0
        var star = -1
        var resume = 0
        while true {
            steps += 1
            if inPattern == end, !isAnchored || inTarget == target.count { return true }
            if inPattern < end, pattern[inPattern] == UInt8(ascii: "*") {
                star = inPattern
                resume = inTarget
                inPattern += 1
            } else if inPattern < end, inTarget < target.count, pattern[inPattern] == target[inTarget] {
                inPattern += 1
                inTarget += 1
            } else if star >= 0, resume < target.count, steps <= maximumSteps {
                resume += 1
                inTarget = resume
                inPattern = star + 1
            } else {
                return false
            }
        }
    }
}
