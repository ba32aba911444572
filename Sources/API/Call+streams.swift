// Answers that are written in pieces: an export, line by line. The head goes out with the first piece, so that whatever fails before it is
// still a proper refusal; whatever fails later ends the stream without its last chunk, and the reader sees that it is not whole.

import Base
import HTTP

extension Call {
    /// Writes a piece of the answer, and waits until the reader has taken most of it.
    /// - Throws: `.unavailable` when the reader is gone.
    func stream(_ piece: [UInt8], type: StaticString) async throws(Fault) {
        beginStream(type)
        try await exchange.write(piece)
    }

    /// Ends the answer.
    func endStream(type: StaticString) {
        beginStream(type)
        exchange.endStream()
    }

    private func beginStream(_ type: StaticString) {
        guard exchange.status == 0 else { return }
        mark(.operated)
        exchange.beginStream(status: 200) { head in
            head.appendStatic("content-type: ")
            head.appendStatic(type)
            head.appendLineEnd()
            writeHeaders(&head)
        }
    }
}
