// The well-behaved answers of the fake server of models, in the forms of the documented protocol.

import Base
import JSON

extension FakeChatServer.Deed {
    /// Tokens that an answer took: of what was asked, and of the answer.
    public typealias Tokens = (input: Int, output: Int)

    /// A stream that says this in a few chunks, with usage at the end.
    public static func says(_ text: String, tokens: Tokens? = (10, 5), finish: String = "stop") -> Self {
        var chunks: [JSONValue] = [delta(["role": "assistant", "content": ""])]
        let middle = text.index(text.startIndex, offsetBy: text.count / 2)
        for part in [text[..<middle], text[middle...]] where !part.isEmpty {
            chunks.append(delta(["content": .string(String(part))]))
        }
        chunks.append(delta([:], finish: finish))
        return events(chunks, tokens)
    }

    /// A stream that asks for these calls, each as name and arguments.
    public static func calls(_ calls: [(name: String, arguments: String)], tokens: Tokens? = (10, 5)) -> Self {
        var chunks: [JSONValue] = [delta(["role": "assistant", "content": .null])]
        for (index, call) in calls.enumerated() {
            chunks.append(
                delta([
                    "tool_calls": [
                        [
                            "index": .integer(index), "id": .string("call_of_\(index)"), "type": "function",
                            "function": ["name": .string(call.name), "arguments": ""],
                        ]
                    ]
                ]))
            chunks.append(
                delta(["tool_calls": [["index": .integer(index), "function": ["arguments": .string(call.arguments)]]]]))
        }
        chunks.append(delta([:], finish: "tool_calls"))
        return events(chunks, tokens)
    }

    /// One document that says this.
    public static func document(_ text: String, tokens: Tokens? = (10, 5)) -> Self {
        var value = JSONObject()
        value["object"] = "chat.completion"
        value["model"] = "fake-1"
        value["choices"] = [
            ["index": 0, "message": ["role": "assistant", "content": .string(text)], "finish_reason": "stop"]
        ]
        value["usage"] = tokens.map { ["prompt_tokens": .integer($0.input), "completion_tokens": .integer($0.output)] }
        return .answer(
            status: 200, headers: [("content-type", "application/json")],
            body: String(decoding: JSONValue.object(value).bytes, as: UTF8.self))
    }

    /// An error in the form of OpenAI.
    public static func error(
        _ status: Int, _ message: String, code: JSONValue = .null, type: String = "error", headers: [(String, String)] = []
    ) -> Self {
        let body: JSONValue = ["error": ["message": .string(message), "type": .string(type), "code": code]]
        return .answer(
            status: status, headers: headers + [("content-type", "application/json")],
            body: String(decoding: body.bytes, as: UTF8.self))
    }

    /// This text as a stream of one piece.
    public static func text(_ text: String, ending: FakeChatServer.Ending = .whole) -> Self {
        .stream([Array(text.utf8)], ending: ending)
    }

    private static func delta(_ delta: JSONValue, finish: String? = nil) -> JSONValue {
        [
            "object": "chat.completion.chunk", "model": "fake-1",
            "choices": [["index": 0, "delta": delta, "finish_reason": finish.map { .string($0) } ?? .null]],
        ]
    }

    private static func events(_ chunks: [JSONValue], _ tokens: Tokens?) -> Self {
        var chunks = chunks
        if let tokens {
            let total = tokens.input + tokens.output
            chunks.append([
                "object": "chat.completion.chunk", "model": "fake-1", "choices": [],
                "usage": [
                    "prompt_tokens": .integer(tokens.input), "completion_tokens": .integer(tokens.output),
                    "total_tokens": .integer(total),
                ],
            ])
        }
        let lines = chunks.map { "data: " + String(decoding: $0.bytes, as: UTF8.self) + "\n\n" } + ["data: [DONE]\n\n"]
        return .stream(lines.map { Array($0.utf8) })
    }
}
