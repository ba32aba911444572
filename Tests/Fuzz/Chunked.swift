// Chunked bodies: however their bytes are split, data, end and refusal are the same; and what we encode we decode.

import HTTP

private struct Body: Equatable {
    var data: [UInt8] = []
    var consumed: Int?
    var refusal: Refusal?
}

private func decode(_ bytes: [UInt8], at cuts: [Int]) -> Body {
    var decoder = ChunkedDecoder()
    var body = Body()
    var begin = 0
    do throws(Refusal) {
        for cut in cuts {
            var start = 0
            let piece = Array(bytes[begin..<cut])
            feed: while true {
                switch try decoder.decode(piece.span, from: start) {
                case .data(let range):
                    hold(range.lowerBound >= start && range.upperBound <= piece.count, "data lies outside of its piece")
                    hold(!range.isEmpty, "a step without data says that it found some")
                    body.data += piece[range]
                    start = range.upperBound
                case .needMore: break feed
                case .end(let consumed):
                    hold(decoder.isDone, "an ended body is not done")
                    body.consumed = begin + consumed
                    return body
                }
            }
            begin = cut
        }
    } catch {
        body.refusal = error
    }
    return body
}

@_cdecl("LLVMFuzzerTestOneInput") public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe Input(start, count)
    let cuts = input.cuts(input.bytes.count)
    let body = decode(input.bytes, at: [input.bytes.count])
    let inPieces = decode(input.bytes, at: cuts)
    hold(body == inPieces, "split feeding gave \(inPieces), whole feeding \(body)")
    hold(body.data.count <= input.bytes.count, "a body is longer than its coding")

    var coded: [UInt8] = []
    var begin = 0
    for cut in cuts {
        let piece = Array(input.bytes[begin..<cut])
        if !piece.isEmpty { ChunkedEncoder.append(piece.span, into: &coded) }
        begin = cut
    }
    ChunkedEncoder.finish(into: &coded)
    let back = decode(coded + input.bytes, at: [coded.count + input.bytes.count])
    hold(back == Body(data: input.bytes, consumed: coded.count), "what was encoded came back as \(back)")
    return 0
}
