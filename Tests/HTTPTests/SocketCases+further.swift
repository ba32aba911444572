// The rest of the cases: the many texts that are UTF-8 or not, the ends, and what is large.

import Base

@testable import HTTP

extension SocketCase {
    /// 6.5 to 6.23: UTF-8 and what looks like it (after Markus Kuhn's stress test).
    static let moreTexts: [SocketCase] = {
        let kosme: [UInt8] = [0xCE, 0xBA, 0xE1, 0xBD, 0xB9, 0xCF, 0x83, 0xCE, 0xBC, 0xCE, 0xB5]
        func around(_ bytes: [UInt8]) -> [UInt8] { Array("hello".utf8) + bytes + Array("world".utf8) }
        var sections: [[(Bool, [UInt8])]] = [
            [
                (true, around([0x24])), (true, around([0xC2, 0xA2])), (true, around([0xE2, 0x82, 0xAC])),
                (true, around([0xF0, 0xA4, 0xAD, 0xA2])), (true, kosme),
            ],
            prefixes(of: kosme),
            [(true, [0]), (true, [0xC2, 0x80]), (true, [0xE0, 0xA0, 0x80]), (true, [0xF0, 0x90, 0x80, 0x80])],
            [(false, [0xF8, 0x88, 0x80, 0x80, 0x80]), (false, [0xFC, 0x84, 0x80, 0x80, 0x80, 0x80])],
            [(true, [0x7F]), (true, [0xDF, 0xBF]), (true, [0xEF, 0xBF, 0xBF]), (true, [0xF4, 0x8F, 0xBF, 0xBF])],
            [
                (false, [0xF7, 0xBF, 0xBF, 0xBF]), (false, [0xFB, 0xBF, 0xBF, 0xBF, 0xBF]),
                (false, [0xFD, 0xBF, 0xBF, 0xBF, 0xBF, 0xBF]),
            ],
            [
                (true, [0xED, 0x9F, 0xBF]), (true, [0xEE, 0x80, 0x80]), (true, [0xEF, 0xBF, 0xBD]),
                (true, [0xF4, 0x8F, 0xBF, 0xBF]), (false, [0xF4, 0x90, 0x80, 0x80]),
            ],
        ]
        var unexpected: [[UInt8]] = [[0x80], [0xBF]]
        for count in 2...6 { unexpected.append((0..<count).map { $0 % 2 == 0 ? 0x80 : 0xBF }) }
        unexpected.append(Array(0x80..<0xBF))
        sections.append(unexpected.map { (false, $0) })
        let lonely: [Range<UInt8>] = [0xC0..<0xDF, 0xE0..<0xEF, 0xF0..<0xF7, 0xF8..<0xFB, 0xFC..<0xFD]
        sections.append(lonely.map { range in (false, range.flatMap { [$0, 0x20] }) })
        let cut: [[UInt8]] = [
            [0xC0], [0xE0, 0x80], [0xF0, 0x80, 0x80], [0xF8, 0x80, 0x80, 0x80], [0xFC, 0x80, 0x80, 0x80, 0x80],
            [0xDF], [0xEF, 0xBF], [0xF7, 0xBF, 0xBF], [0xFB, 0xBF, 0xBF, 0xBF], [0xFD, 0xBF, 0xBF, 0xBF, 0xBF],
        ]
        let halves: [[UInt8]] = [
            [0xA0, 0x80], [0xAD, 0xBF], [0xAE, 0x80], [0xAF, 0xBF], [0xB0, 0x80], [0xBE, 0x80], [0xBF, 0xBF],
        ]
        let single: [[UInt8]] = halves.map { [0xED] + $0 }
        var paired: [[UInt8]] = []
        for high in single.prefix(4) {
            for low in [single[4], single[6]] { paired.append(high + low) }
        }
        let bad: [[[UInt8]]] = [
            cut, [Array(cut.joined())], [[0xFE], [0xFF], [0xFE, 0xFE, 0xFF, 0xFF]],
            [
                [0xC0, 0xAF], [0xE0, 0x80, 0xAF], [0xF0, 0x80, 0x80, 0xAF], [0xF8, 0x80, 0x80, 0x80, 0xAF],
                [0xFC, 0x80, 0x80, 0x80, 0x80, 0xAF],
            ],
            [
                [0xC1, 0xBF], [0xE0, 0x9F, 0xBF], [0xF0, 0x8F, 0xBF, 0xBF], [0xF8, 0x87, 0xBF, 0xBF, 0xBF],
                [0xFC, 0x83, 0xBF, 0xBF, 0xBF, 0xBF],
            ],
            [
                [0xC0, 0x80], [0xE0, 0x80, 0x80], [0xF0, 0x80, 0x80, 0x80], [0xF8, 0x80, 0x80, 0x80, 0x80],
                [0xFC, 0x80, 0x80, 0x80, 0x80, 0x80],
            ],
            single, paired,
        ]
        sections += bad.map { $0.map { (false, $0) } }
        sections.append(nonCharacters)
        sections.append((0xB9...0xBF).map { (true, [0xEF, 0xBF, $0]) })
        return sections.enumerated().flatMap { section, texts in
            texts.enumerated().map { at, text in
                SocketCase(
                    "6.\(section + 5).\(at + 1)", [frame(1, text.1)], text.0 ? [.text(text.1)] : [],
                    text.0 ? .byClient : .failed(1007))
            }
        }
    }()

    /// All beginnings of a text, which are whole where a character ends.
    private static func prefixes(of text: [UInt8]) -> [(Bool, [UInt8])] {
        (1...text.count).map { count in (String(validating: text[..<count], as: UTF8.self) != nil, Array(text[..<count])) }
    }

    /// The code points that are no characters, which UTF-8 spells all the same.
    private static let nonCharacters: [(Bool, [UInt8])] = {
        var texts: [(Bool, [UInt8])] = [(true, [0xEF, 0xBF, 0xBE]), (true, [0xEF, 0xBF, 0xBF])]
        for first: UInt8 in 0xF0...0xF4 {
            for second: UInt8 in [0x8F, 0x9F, 0xAF, 0xBF]
            where (first != 0xF4 || second == 0x8F) && (first != 0xF0 || second != 0x8F) {
                for last: UInt8 in [0xBE, 0xBF] { texts.append((true, [first, second, 0xBF, last])) }
            }
        }
        return texts
    }()

    /// 7: the end.
    static let closes: [SocketCase] = {
        let hello = Array("Hello World!".utf8)
        let long = [UInt8](repeating: UInt8(ascii: "*"), count: 256 << 10)
        let broken: [UInt8] = [0xCE, 0xBA, 0xE1, 0xBD, 0xB9, 0xCF, 0x83, 0xCE, 0xBC, 0xCE, 0xB5, 0xED, 0xA0, 0x80]
        let bye = close(1000)
        return [
            SocketCase("7.1.1", [frame(1, hello), bye], [.text(hello)], .closed(1000)),
            SocketCase("7.1.2", [bye, bye], [], .closed(1000)),
            SocketCase("7.1.3", [bye, frame(9)], [], .closed(1000)),
            SocketCase("7.1.4", [bye, frame(1, hello)], [], .closed(1000)),
            SocketCase("7.1.5", [frame(1, hello, isFinal: false), bye, frame(0, hello)], [], .closed(1000)),
            SocketCase("7.1.6", [frame(1, long), frame(1, hello), bye, frame(9)], [.text(long), .text(hello)], .closed(1000)),
            SocketCase("7.3.1", [frame(8)], [], .closed(nil)),
            SocketCase("7.3.2", [frame(8, "a")], [], .failed(1002)),
            SocketCase("7.3.3", [bye], [], .closed(1000)),
            SocketCase("7.3.4", [close(1000, hello)], [], .closed(1000)),
            SocketCase("7.3.5", [close(1000, Array(long[..<123]))], [], .closed(1000)),
            SocketCase("7.3.6", [close(1000, Array(long[..<124]))], [], .failed(1002)),
            SocketCase("7.5.1", [close(1000, broken)], [], .failed(1007)),
        ]
            + codes
    }()

    /// 7.7, 7.9 and 7.13: codes that may be sent, and codes that may not.
    private static let codes: [SocketCase] = {
        let good: [UInt16] = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]
        let bad: [UInt16] = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999]
        var cases: [SocketCase] = []
        for (at, code) in good.enumerated() { cases.append(SocketCase("7.7.\(at + 1)", [close(code)], [], .closed(code))) }
        for (at, code) in bad.enumerated() { cases.append(SocketCase("7.9.\(at + 1)", [close(code)], [], .failed(1002))) }
        for (at, code) in [UInt16(5000), 65_535].enumerated() {
            cases.append(SocketCase("7.13.\(at + 1)", [close(code)], [], .failed(1002)))
        }
        return cases
    }()

    /// 9 and 10: what is large, in one frame, in many, in many pieces, and many messages.
    static let limits: [SocketCase] = {
        func payload(_ size: Int) -> [UInt8] { [UInt8](repeating: UInt8(ascii: "*"), count: size) }
        var cases: [SocketCase] = []
        for (kind, section): (UInt8, Int) in [(1, 0), (2, 1)] {
            func answer(_ bytes: [UInt8]) -> Answer { kind == 1 ? .text(bytes) : .binary(bytes) }
            for (at, size) in [64 << 10, 256 << 10, 1 << 20, 4 << 20, 8 << 20, 16 << 20].enumerated() {
                cases.append(SocketCase("9.\(1 + section).\(at + 1)", [frame(kind, payload(size))], [answer(payload(size))]))
            }
            for (at, size) in [64, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20].enumerated() {
                let whole = payload(4 << 20)
                cases.append(SocketCase("9.\(3 + section).\(at + 1)", fragments(kind, whole, size), [answer(whole)]))
            }
            for (at, chop) in [64, 128, 256, 512, 1_024, 2_048].enumerated() {
                let whole = payload(1 << 20)
                cases.append(SocketCase("9.\(5 + section).\(at + 1)", [frame(kind, whole)], chop: chop, [answer(whole)]))
            }
            for (at, size) in [0, 16, 64, 256, 1_024, 4_096].enumerated() {
                let one = payload(size)
                cases.append(
                    SocketCase(
                        "9.\(7 + section).\(at + 1)", (0..<1_000).map { _ in frame(kind, one) },
                        (0..<1_000).map { _ in answer(one) }))
            }
        }
        return cases + [SocketCase("10.1.1", fragments(1, payload(65_536), 1_300), [.text(payload(65_536))])]
    }()
}
