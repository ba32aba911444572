// JSON: a text that is accepted is UTF-8, its value writes a text that reads back as the same value, and writing is stable.

import Base
import JSON

// libFuzzer calls from one thread alone.
nonisolated(unsafe) private let reused = JSONDocument()

/// Reads every string and number of a value in every way there is.
private func visit(_ view: JSONView) {
    _ = (view.kind, view.isNull, view.bool, view.int, view.double, view.string(), view.rawCount, view.rawBytes)
    for element in view.elements { visit(element) }
    for (name, value) in view.members {
        hold(name.string() != nil, "a name is no string")
        visit(value)
    }
}

@_cdecl("LLVMFuzzerTestOneInput") public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe Input(start, count)
    var failure: JSONError?
    var document: JSONDocument?
    do throws(JSONError) { document = try JSONDocument(input.bytes) } catch { failure = error }
    var again: JSONError?
    do throws(JSONError) { try reused.parse(input.bytes) } catch { again = error }
    hold(failure == again, "a used document answers \(String(describing: again)), a new one \(String(describing: failure))")
    if let failure {
        hold((0...input.bytes.count).contains(failure.offset), "the offset \(failure.offset) is outside of the text")
    }
    var lenient: JSONError?
    do throws(JSONError) { _ = try JSONDocument(input.bytes, names: .repeated) } catch { lenient = error }
    hold(lenient == failure || failure?.reason == .duplicateKey, "repeated names changed more than what is said of names")
    guard let document else { return 0 }

    hold(String(validating: input.bytes, as: UTF8.self) != nil, "a text that is not UTF-8 was accepted")
    visit(document.root)
    // The one thing that a grammatical text may still be refused for is a number beyond the doubles.
    guard let value = try? JSONValue(document.root) else { return 0 }
    let written = value.bytes
    guard let back = try? JSONValue(parsing: written) else {
        hold(false, "what was written can't be read: \(String(decoding: written, as: UTF8.self))")
        return 0
    }
    hold(back == value, "the value changed on its way through text")
    hold(back.bytes == written, "the text changed on its way through a value")
    let canonical = value.canonicalBytes
    hold((try? JSONValue(parsing: canonical))?.canonicalBytes == canonical, "the canonical text is not stable")
    return 0
}
