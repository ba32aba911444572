// JSON lines: one object in, one object out, in order. The envelope is read by our own strict reader. What it refuses, such as half
// of a surrogate pair, which no UTF-8 text can hold, is answered with `crash`: a driver counts that as a failure, whatever the case
// wanted, so that an unread line can't pass for a right refusal. Bound: a line has at most `Limits.jsonBytes`.

import Base
import Glibc
import JSON

/// The lines of standard input and their answers.
enum Lines {
    private static let pieceBytes = 64 << 10

    /// Answers every line up to the end of the input. `false` when a line is too long, or input or output breaks.
    static func answerAll() -> Bool {
        var pending: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: pieceBytes)
        while true {
            let count = unsafe piece.withUnsafeMutableBytes { unsafe read(STDIN_FILENO, $0.baseAddress, $0.count) }
            guard count >= 0 else { return false }
            guard count > 0 else { return pending.isEmpty || write(answer(to: pending), to: STDOUT_FILENO) }
            var start = 0
            while let end = piece[start..<count].firstIndex(of: UInt8(ascii: "\n")) {
                guard write(answer(to: pending + piece[start..<end]), to: STDOUT_FILENO) else { return false }
                pending.removeAll(keepingCapacity: true)
                start = end + 1
            }
            pending += piece[start..<count]
            guard pending.count <= Limits.jsonBytes else { return false }
        }
    }

    /// The answer to one line, with its line feed.
    static func answer(to line: [UInt8]) -> [UInt8] {
        let answer: JSONValue
        do throws(JSONError) {
            answer = try Operation.answer(to: JSONDocument(line).root)
        } catch {
            answer = ["crash": .string(error.sentence)]
        }
        return answer.bytes + [UInt8(ascii: "\n")]
    }

    /// Writes all of `bytes`. `false` when the other end is gone.
    @discardableResult static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress! + done, $0.count - done)
            }
            guard count > 0 else { return false }
            done += count
        }
        return true
    }
}
