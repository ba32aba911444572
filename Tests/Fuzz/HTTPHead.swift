// The head of a request: however its bytes are split, the outcome is the same, and what follows the head changes nothing.

import HTTP

/// What a head means to its reader.
private struct Meaning: Equatable {
    var outcome: RequestHeadParser.Outcome
    var parts: [String] = []
    var body = BodyLength.none
    var flags: [Bool] = []

    init(_ outcome: RequestHeadParser.Outcome, _ head: RequestHead) {
        self.outcome = outcome
        guard case .head = outcome else { return }
        parts = [head.methodText, head.pathText, head.queryText ?? "-", "\(head.minorVersion)"]
        parts += head.headers.fields.flatMap { [head.headers.name($0), head.headers.value($0)] }
        body = head.bodyLength
        flags = [head.keepAlive, head.expectContinue, head.wantsUpgrade]
    }
}

private func whole(_ bytes: [UInt8]) -> Meaning {
    var parser = RequestHeadParser()
    let head = RequestHead()
    return Meaning(parser.parse(bytes.span, into: head), head)
}

private func split(_ bytes: [UInt8], at cuts: [Int]) -> Meaning {
    var parser = RequestHeadParser()
    let head = RequestHead()
    for cut in cuts {
        let outcome = parser.parse(bytes.span.extracting(0..<cut), into: head)
        if outcome != .incomplete { return Meaning(outcome, head) }
    }
    return Meaning(.incomplete, head)
}

@_cdecl("LLVMFuzzerTestOneInput") public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe Input(start, count)
    let meaning = whole(input.bytes)
    let inPieces = split(input.bytes, at: input.cuts(input.bytes.count))
    hold(meaning == inPieces, "split feeding gave \(inPieces), whole feeding \(meaning)")
    switch meaning.outcome {
    case .head(let consumed):
        hold(consumed <= input.bytes.count, "a head took \(consumed) of \(input.bytes.count) bytes")
        hold(input.bytes[consumed - 4..<consumed].elementsEqual([13, 10, 13, 10]), "a head ends with an empty line")
        hold(whole(Array(input.bytes[..<consumed])) == meaning, "the bytes behind a head changed it")
        hold(meaning.parts[0].utf8.allSatisfy { $0 > 32 && $0 < 127 }, "a method holds a foreign byte")
        let clean = meaning.parts.allSatisfy { !$0.utf8.contains { $0 == 0 || $0 == 10 || $0 == 13 } }
        hold(clean, "a part of a head holds a line end or a zero byte")
    case .refused(let refusal):
        hold((400..<600).contains(refusal.status), "a refusal has the status \(refusal.status)")
        hold(whole(input.bytes + [65]).outcome != .incomplete, "more bytes made a refused head good")
    case .incomplete:
        hold(
            !input.bytes.contains([13, 10, 13, 10]) || input.bytes.allSatisfy { $0 == 13 || $0 == 10 },
            "a whole head is incomplete")
    }
    return 0
}
