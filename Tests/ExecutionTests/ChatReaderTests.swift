// Answers of models out of bytes, whole and in every misshape that servers are known for. No socket.

import Base
import JSON
import Testing

@testable import Execution

@Suite struct ChatReaderTests {
    /// The answer to a body that comes in pieces of `size` bytes.
    private func read(_ text: String, by size: Int = .max) throws -> ChatAnswer {
        var reader = ChatReader()
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty, !reader.isDone {
            if let failure = reader.feed(Array(rest.prefix(size))) { throw failure }
            rest = rest.dropFirst(size)
        }
        return try reader.answer().get()
    }

    private func chunk(_ delta: String, finish: String = "null") -> String {
        "data: {\"choices\":[{\"index\":0,\"delta\":\(delta),\"finish_reason\":\(finish)}]}\n\n"
    }

    private func call(_ text: String) -> String { chunk("{\"tool_calls\":[\(text)]}") }

    private let end = "data: [DONE]\n\n"

    // MARK: Text

    @Test func `a stream is one answer wherever it is split`() throws {
        let text =
            chunk(#"{"role":"assistant","content":null}"#) + ": ping\n\n" + chunk(#"{"content":"Gr\u00fc"}"#) + "data:\n\n"
            + chunk(#"{"content":"ße \ud83d\ude00"}"#) + chunk("{}", finish: #""stop""#)
            + "data: {\"model\":\"m\",\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3}}\n\n" + end
        let expected = ChatAnswer(
            content: "Grüße 😀", toolCalls: [], finish: .stop, refusal: nil, model: "m",
            usage: ChatUsage(inputTokens: 7, outputTokens: 3))
        for size in 1...text.utf8.count { #expect(try read(text, by: size) == expected, "by \(size)") }
    }

    @Test func `a document is read though a stream was asked for, and so are the parts of a content`() throws {
        let text =
            #" {"choices":[{"message":{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},"finish_reason":"stop"}]}"#
        let answer = try read(text)
        #expect(answer.content == "ab" && answer.finish == .stop && answer.usage == nil)
        #expect(try read(text, by: 1) == answer)
    }

    @Test func `usage may come in every chunk, as null, or never, and is never guessed`() throws {
        let counting = (1...3).map {
            "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":\($0)}}\n\n"
        }.joined()
        #expect(try read(counting + end).usage == ChatUsage(inputTokens: 5, outputTokens: 3))
        let none = "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}],\"usage\":null}\n\n" + end
        #expect(try read(none).usage == nil)
        for odd in [#"{"prompt_tokens":5}"#, #"{"prompt_tokens":-1,"completion_tokens":2}"#, #"{"total_tokens":9}"#, "7"] {
            #expect(try read("data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}],\"usage\":\(odd)}\n\n" + end).usage == nil)
        }
    }

    @Test func `a missing DONE is no matter once the model has stopped, and an end before that is a break`() throws {
        #expect(try read(chunk(#"{"content":"a"}"#) + chunk("{}", finish: #""stop""#)).content == "a")
        #expect(try read(chunk(#"{"content":"a"}"#, finish: #""""#) + end).finish == .unknown)
        for cut in ["", ": ping\n\n", chunk(#"{"content":"a"}"#), chunk(#"{"content":"a"}"#, finish: #""""#)] {
            let failure = #expect(throws: StepFailure.self) { try read(cut) }
            #expect(failure?.kind == .transient && failure?.fault.code == .outboundFailed, "\(cut)")
        }
        #expect(throws: StepFailure.self) { try read(end) }
    }

    @Test func `finish reasons are those of the documentation, whatever a server calls them`() throws {
        let reasons: [(String, ChatAnswer.Finish)] = [
            ("stop", .stop), ("eos", .stop), ("length", .length), ("content_filter", .contentFilter), ("new", .unknown),
        ]
        for (word, reason) in reasons {
            #expect(try read(chunk(#"{"content":"a"}"#) + chunk("{}", finish: "\"\(word)\"")).finish == reason)
        }
        let asked = call(#"{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}"#)
        #expect(try read(asked + chunk("{}", finish: #""stop""#)).finish == .toolCalls)
    }

    @Test func `a refusal is not content`() throws {
        let answer = try read(chunk(#"{"refusal":"I "}"#) + chunk(#"{"refusal":"won't"}"#, finish: #""stop""#))
        #expect(answer.refusal == "I won't" && answer.content == nil)
        #expect(throws: StepFailure.self) { try answer.checkWhole() }
    }

    // MARK: Calls

    private func calls(_ text: String) throws -> [String] {
        try read(text + chunk("{}", finish: #""tool_calls""#)).toolCalls.map { "\($0.id) \($0.name) \($0.argumentsText)" }
    }

    @Test func `calls are put together by index`() throws {
        let text =
            call(#"{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}"#)
            + call(#"{"index":1,"id":"b","type":"function","function":{"name":"g","arguments":"{\"y"}}"#)
            + call(#"{"index":0,"function":{"arguments":"{\"x\":"}}"#) + call(#"{"index":1,"function":{"arguments":"\":2}"}}"#)
            + call(#"{"index":0,"function":{"arguments":"1}"}}"#)
        #expect(try calls(text) == [#"a f {"x":1}"#, #"b g {"y":2}"#])
    }

    @Test func `calls without an index stay apart`() throws {
        let whole =
            #"{"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}},{"id":"b","function":{"name":"f","arguments":"{\"x\":2}"}}"#
        #expect(try calls(call(whole)) == [#"a f {"x":1}"#, #"b f {"x":2}"#])
        let pieces =
            call(#"{"id":"a","function":{"name":"f","arguments":"{\"x\""}}"#) + call(#"{"function":{"arguments":":1}"}}"#)
            + call(#"{"id":"b","function":{"name":"g","arguments":"{}"}}"#)
        #expect(try calls(pieces) == [#"a f {"x":1}"#, "b g {}"])
    }

    @Test func `calls that all have the index 0 stay apart, with ids and without`() throws {
        let named =
            call(#"{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}}"#)
            + call(#"{"index":0,"id":"b","function":{"name":"f","arguments":"{\"x\":2}"}}"#)
        #expect(try calls(named) == [#"a f {"x":1}"#, #"b f {"x":2}"#])
        let unnamed =
            call(#"{"index":0,"function":{"name":"f","arguments":"{\"x\":1}"}}"#)
            + call(#"{"index":0,"function":{"name":"f","arguments":"{\"x\":2}"}}"#)
        #expect(try calls(unnamed) == [#"call_0 f {"x":1}"#, #"call_1 f {"x":2}"#])
    }

    @Test func `a call may have no id, an id in every chunk or a late one, and its name in every chunk or in pieces`() throws {
        let none =
            call(#"{"index":0,"function":{"name":"f","arguments":"{"}}"#) + call(#"{"index":0,"function":{"arguments":"}"}}"#)
        #expect(try calls(none) == ["call_0 f {}"])
        let always =
            call(#"{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}"#)
            + call(#"{"index":0,"id":"a","function":{"name":"f","arguments":"}"}}"#)
        #expect(try calls(always) == ["a f {}"])
        let late =
            call(#"{"index":0,"function":{"name":"f","arguments":""}}"#)
            + call(#"{"index":0,"id":"a","function":{"arguments":"{}"}}"#)
        #expect(try calls(late) == ["a f {}"])
        let pieces =
            call(#"{"index":0,"id":"a","function":{"name":"get_","arguments":""}}"#)
            + call(#"{"index":0,"function":{"name":"weather","arguments":"{}"}}"#)
        #expect(try calls(pieces) == ["a get_weather {}"])
    }

    @Test func `arguments may be an object, nothing, or no JSON`() throws {
        let object = try read(
            call(#"{"index":0,"id":"a","function":{"name":"f","arguments":{"x":1}}}"#) + chunk("{}", finish: #""stop""#))
        #expect(object.toolCalls.first?.arguments?["x"] == 1)
        #expect(ChatToolCall(id: "a", name: "f", argumentsText: " ").arguments == JSONObject())
        for text in ["{", "[1]", "7", "{}{}"] {
            #expect(ChatToolCall(id: "a", name: "f", argumentsText: text).arguments == nil)
        }
    }

    @Test func `calls and their arguments are bounded`() throws {
        let many = (0...ChatAssembler.callLimit).map {
            call(#"{"index":\#($0),"id":"i\#($0)","function":{"name":"f","arguments":"{}"}}"#)
        }
        #expect(try calls(many.dropLast().joined()).count == ChatAssembler.callLimit)
        let piece = call(
            #"{"index":0,"id":"a","function":{"name":"f","arguments":"\#(String(repeating: "a", count: 1 << 16))"}}"#)
        for text in [many.joined(), String(repeating: piece, count: 5)] {
            let failure = #expect(throws: StepFailure.self) { try read(text) }
            #expect(failure?.fault.code == .limitReached && failure?.kind == .permanent)
        }
    }

    // MARK: Errors

    @Test func `an error is found in the middle of a stream, as a document, in an array, and framed wrongly`() throws {
        let busy = #"{"error":{"message":"slot unavailable","type":"server_error","code":503}}"#
        let start = chunk(#"{"content":"a"}"#)
        for text in [
            start + "data: \(busy)\n\n" + end, busy, "[\(busy)]", start + "event: error\ndata: \(busy)\n\n",
            start + "error: {\"code\":503,\"message\":\"slot unavailable\",\"type\":\"server_error\"}\n\n" + end,
            start + busy + "\n",
        ] {
            let failure = #expect(throws: StepFailure.self) { try read(text) }
            #expect(failure?.kind == .transient && failure?.fault.message.contains("slot unavailable") == true, "\(text)")
        }
        let text = #"{"error":"model crashed"}"#
        let crashed = #expect(throws: StepFailure.self) { try read(text) }
        #expect(crashed?.fault.message.contains("model crashed") == true)
    }

    @Test func `what is no JSON, or JSON without an answer, is a failure that may pass`() throws {
        for text in ["data: {\"choices\":[\n\n", "{\"choices\":[", "{}", "<html>no</html>", "data: {}\n\n" + end] {
            let failure = #expect(throws: StepFailure.self) { try read(text) }
            #expect(failure?.kind == .transient && failure?.fault.code == .outboundFailed, "\(text)")
        }
    }

    @Test func `a conversation that is too long is told by code or by word`() {
        let errors: [(Int, String)] = [
            (400, #"{"error":{"message":"too long","type":"invalid_request_error","code":"context_length_exceeded"}}"#),
            (
                400,
                #"{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error"}}"#
            ),
            (400, #"{"object":"error","message":"This model's maximum context length is 4096 tokens.","code":400}"#),
            (413, ""),
        ]
        for (status, body) in errors {
            let failure = ChatFailure.answered(status, Array(body.utf8), retryAfter: nil, now: .now)
            #expect(failure.fault.code == .contentTooLarge && failure.kind == .permanent, "\(body)")
        }
    }

    @Test func `statuses say whether another time may be better, and when`() throws {
        func failure(_ status: Int, _ body: String = "", after: String? = nil) -> StepFailure {
            ChatFailure.answered(status, Array(body.utf8), retryAfter: after, now: Timestamp(rfc3339: "2026-01-01T00:00:00Z")!)
        }
        for status in [408, 409, 425, 429, 500, 502, 503, 504, 529] { #expect(failure(status).kind == .transient, "\(status)") }
        for status in [301, 400, 401, 402, 403, 404, 422] { #expect(failure(status).kind == .permanent, "\(status)") }
        let limited = failure(429, after: "17")
        #expect(limited.fault.code == .rateLimited && limited.fault.retryAfterSeconds == 17)
        #expect(failure(503, after: "Thu, 01 Jan 2026 00:01:00 GMT").fault.retryAfterSeconds == 60)
        #expect(failure(503, after: "Thu, 01 Jan 2025 00:01:00 GMT").fault.retryAfterSeconds == 0)
        #expect(failure(503, after: "soon").fault.retryAfterSeconds == nil)
        let spent = #"{"error":{"message":"You exceeded your quota","type":"insufficient_quota","code":"insufficient_quota"}}"#
        #expect(failure(429, spent).kind == .permanent)
        #expect(!failure(401, #"{"error":{"message":"Incorrect key sk-ab12"}}"#).fault.message.contains("sk-ab12"))
        #expect(failure(400, #"{"detail":"no such field"}"#).fault.message.contains("no such field"))
    }
}
