// What the expressions of a definition may look for: the names that there are when they are evaluated. What looks for something else would come
// to nothing, whatever is run, and is refused when it is saved.

import Base
import JSON

extension Problems {
    /// Notes a problem, unless the same was noted there before.
    mutating func note(_ code: Code, _ message: String, at path: String) {
        guard !fields.contains(where: { $0.path == path && $0.message == message }) else { return }
        add(code, message, at: path)
    }
}

/// The names that expressions begin with.
struct ExpressionScope {
    /// What the value has that they are applied to, such as `input` and `nodes`.
    let names: [String]
    /// The one of these whose members are known.
    let member: String
    /// Why a member of that is none that can be spoken of here; `nil` when it can.
    let refusal: (String) -> String?

    /// What is wrong with an expression, each thing once.
    func problems(_ expression: JMESPath) -> [String] {
        var problems: [String] = []
        for name in expression.members(of: member) {
            if let problem = refusal(name), !problems.contains(problem) { problems.append(problem) }
        }
        for name in expression.names where !names.contains(name) {
            let problem = "There is no \(name.cut(bytes: 100)) here: \(sentence)"
            if !problems.contains(problem) { problems.append(problem) }
        }
        if problems.isEmpty, expression.names.isEmpty, ExpressionScope.isNothing(expression) {
            problems.append("This comes to nothing: \(sentence)")
        }
        return problems
    }

    private var sentence: String {
        "expressions begin with \(names.joined(separator: ", ")). Text that is not to be filled in stands in \(FlowValue.literalName)."
    }

    /// Whether an expression that looks for no name comes to null on any object, such as `[0]`.
    private static func isNothing(_ expression: JMESPath) -> Bool {
        (try? expression.evaluate(.object(JSONObject()), bounds: JMESPath.Bounds(steps: 10_000)))?.isNull ?? false
    }
}
