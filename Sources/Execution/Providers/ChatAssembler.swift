// Puts an answer together from what comes: the chunks of a stream, or one whole completion. Pure. It takes what servers are known to send
// beside the documented form: calls without an index or all with the index 0, without an id, with their name in every chunk, with their
// arguments as an object; content that is null or in parts; empty finish reasons; usage in any chunk; errors where an answer should be.
// Bounds: `callLimit` calls, `argumentBytes` each; the text by what is taken from the server.

import Base
import JSON

/// An answer under way.
struct ChatAssembler {
    /// The most calls of one answer.
    static let callLimit = 64
    /// The most bytes of one call's arguments.
    static let argumentBytes = 256 << 10

    private struct Call {
        var index: Int?
        var id: String?
        var name = ""
        var arguments = ""

        /// Whether the arguments are whole already, so that more of them can only be those of another call.
        var isWhole: Bool { !arguments.isEmpty && (try? JSONValue(parsing: Array(arguments.utf8)))?.object != nil }
    }

    private var content: String?
    private var refusal: String?
    private var calls: [Call] = []
    private var finish: String?
    private var usage: ChatUsage?
    private var model: String?
    /// Whether the stream said that it is over.
    private(set) var isDone = false
    /// Whether the model said why it stopped.
    var isFinished: Bool { finish != nil }

    /// Takes an event of a stream.
    /// - Throws: what the server says went wrong; transient when it is no sound JSON.
    mutating func take(_ event: ServerEvent) throws(StepFailure) {
        let text = event.data.drop { $0 == 0x20 || (0x09...0x0D).contains($0) }
        guard !text.isEmpty, !isDone else { return }
        if text.starts(with: "[DONE]".utf8) {
            isDone = true
            return
        }
        let value: JSONValue
        do throws(Fault) {
            value = try JSONValue(parsing: Array(text))
        } catch {
            if event.name == "error" { throw ChatFailure.reported(.string(event.text)) }
            throw StepFailure(Fault(.outboundFailed, "The provider sent a chunk that is no JSON."), .transient)
        }
        if event.name == "error" { throw ChatFailure.reported(value["error"] ?? value) }
        try take(value)
    }

    /// Takes a chunk or a whole completion.
    /// - Throws: what the server says went wrong; permanent beyond the bounds.
    mutating func take(_ value: JSONValue) throws(StepFailure) {
        if let error = value["error"], !error.isNull { throw ChatFailure.reported(error) }
        if let text = value["model"]?.string, !text.isEmpty { model = text.cut(bytes: 256) }
        // Some count up in every chunk: the last word counts.
        if let usage = ChatUsage(value["usage"]) { self.usage = usage }
        for choice in value["choices"]?.array ?? [] where (choice["index"]?.int ?? 0) == 0 {
            if let part = choice["delta"] ?? choice["message"], part.object != nil { try takePart(part) }
            if let reason = choice["finish_reason"]?.string, !reason.isEmpty { finish = reason }
        }
    }

    private mutating func takePart(_ part: JSONValue) throws(StepFailure) {
        if let text = ChatAssembler.text(part["content"]) { content = (content ?? "") + text }
        if let text = part["refusal"]?.string, !text.isEmpty { refusal = (refusal ?? "") + text }
        for call in part["tool_calls"]?.array ?? [] { try takeCall(call) }
    }

    /// Text, or the parts of it that are text.
    private static func text(_ value: JSONValue?) -> String? {
        if let text = value?.string { return text }
        guard let parts = value?.array else { return nil }
        return parts.compactMap { $0["text"]?.string }.joined()
    }

    // MARK: Calls

    private mutating func takeCall(_ value: JSONValue) throws(StepFailure) {
        let name = value["function"]?["name"]?.string ?? ""
        let id = value["id"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        let given = value["function"]?["arguments"]
        let at = place(index: value["index"]?.int, id: id, name: name)
        guard at < ChatAssembler.callLimit else {
            throw StepFailure(
                Fault(.limitReached, "The model asks for more than \(ChatAssembler.callLimit) calls at once."), .permanent)
        }
        if at == calls.count { calls.append(Call(index: value["index"]?.int)) }
        if calls[at].id == nil { calls[at].id = id }
        // In pieces, or the same in every chunk.
        if calls[at].name != name, calls[at].arguments.isEmpty { calls[at].name += name }
        if let text = given?.string {
            calls[at].arguments += text
        } else if let given, given.object != nil {
            calls[at].arguments = String(decoding: given.bytes, as: UTF8.self)
        }
        guard calls[at].arguments.utf8.count <= ChatAssembler.argumentBytes else {
            throw StepFailure(
                Fault(.limitReached, "The arguments of a call have more than \(ChatAssembler.argumentBytes) bytes."), .permanent)
        }
    }

    /// Which call a piece belongs to; the count of the calls for a new one.
    private func place(index: Int?, id: String?, name: String) -> Int {
        if let id {
            if let known = calls.firstIndex(where: { $0.id == id }) { return known }
            // An id that comes after the call began; a second id at the same index is a second call.
            let open = calls.lastIndex { $0.id == nil && $0.index == index && !$0.isWhole }
            return open ?? calls.count
        }
        let last = index == nil ? calls.indices.last : calls.lastIndex { $0.index == index }
        guard let last else { return calls.count }
        if name.isEmpty { return last }
        let call = calls[last]
        let isAnother = call.isWhole || (call.name != name && !call.arguments.isEmpty)
        return isAnother ? calls.count : last
    }

    // MARK: The end

    /// The answer, when all has come.
    /// - Parameter isCut: whether an end that nobody announced means that the rest is lost, as in a stream.
    /// - Throws: transient when the answer broke off, or there is none.
    func answer(isCut: Bool) throws(StepFailure) -> ChatAnswer {
        if finish == nil, isCut, !isDone {
            throw StepFailure(Fault(.outboundFailed, "The provider's answer broke off."), .transient)
        }
        if finish == nil, content == nil, refusal == nil, calls.isEmpty {
            throw StepFailure(Fault(.outboundFailed, "The provider gave no answer."), .transient)
        }
        var found: [ChatToolCall] = []
        for (number, call) in calls.enumerated() where !call.name.isEmpty {
            found.append(ChatToolCall(id: call.id ?? "call_\(number)", name: call.name, argumentsText: call.arguments))
        }
        return ChatAnswer(
            content: content, toolCalls: found, finish: reason(hasCalls: !found.isEmpty), refusal: refusal, model: model,
            usage: usage)
    }

    /// Some servers say that they stopped when they want tools called.
    private func reason(hasCalls: Bool) -> ChatAnswer.Finish {
        switch finish {
        case "length", "max_tokens", "model_length": .length
        case "content_filter", "safety": .contentFilter
        case _ where hasCalls: .toolCalls
        case "stop", "eos", "end_turn", "stop_sequence", "tool_calls", "function_call": .stop
        default: .unknown
        }
    }
}
