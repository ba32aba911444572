// Reads the body of a provider's answer, in pieces as they come. What begins like JSON is one document; anything else is a stream of
// events. The content type is not asked: servers send errors as JSON under the name of a stream, and streams to those who asked for none.
// Bounds: those of the parser and the assembler; a document by what the client takes.

import Base
import JSON

/// An answer that is being read.
struct ChatReader {
    private enum Form {
        case open, document, events
    }

    private var form = Form.open
    private var document: [UInt8] = []
    private var parser = EventStreamParser(isLenient: true)
    private var assembler = ChatAssembler()

    /// Whether the rest is of no interest.
    var isDone: Bool { assembler.isDone }

    /// Whether the model has said why it stopped, so that nothing it said can be missing.
    var isWhole: Bool { assembler.isFinished }

    /// Takes the next bytes.
    /// - Returns: what went wrong, when the server says that something did.
    mutating func feed(_ bytes: [UInt8]) -> StepFailure? {
        if case .open = form {
            guard let first = bytes.first(where: { $0 != 0x20 && !(0x09...0x0D).contains($0) }) else { return nil }
            form = first == UInt8(ascii: "{") || first == UInt8(ascii: "[") ? .document : .events
        }
        if case .document = form {
            document += bytes
            return nil
        }
        do throws(Fault) {
            let events = try parser.feed(bytes)
            return take(events)
        } catch {
            return StepFailure(error, .permanent)
        }
    }

    private mutating func take(_ events: [ServerEvent]) -> StepFailure? {
        do throws(StepFailure) {
            for event in events { try assembler.take(event) }
            return nil
        } catch {
            return error
        }
    }

    /// The answer, when the body has ended.
    mutating func answer() -> Result<ChatAnswer, StepFailure> {
        do throws(StepFailure) {
            if case .document = form {
                try takeDocument()
            } else if let last = parser.finish() {
                try assembler.take(last)
            }
            let isStream = if case .document = form { false } else { true }
            return .success(try assembler.answer(isCut: isStream))
        } catch {
            return .failure(error)
        }
    }

    private mutating func takeDocument() throws(StepFailure) {
        let value: JSONValue
        do throws(Fault) {
            value = try JSONValue(parsing: document)
        } catch {
            throw StepFailure(Fault(.outboundFailed, "The provider's answer is no sound JSON."), .transient)
        }
        // Some put an error into an array of one.
        try assembler.take(value.array?.first ?? value)
    }
}
