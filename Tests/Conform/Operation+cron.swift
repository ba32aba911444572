// `cron.next`: the first `n` moments behind `from` at which `expr` comes in `zone` (UTC without one). An expression that is none is answered `error`.

import Base
import Execution
import JSON

extension Operation {
    /// More moments than these are not asked for.
    private static let most = 10_000

    static func nextOfCron(_ fields: Fields) -> JSONValue? {
        guard let text = fields.text("expr"), let from = fields.text("from").flatMap({ Timestamp(rfc3339: $0) }),
            let count = fields.integer("n"), (0...most).contains(count)
        else { return nil }
        guard let zone = ZoneRules.named(fields.text("zone") ?? "UTC") else { return ["error": "There is no such zone."] }
        let expression: CronExpression
        do throws(Fault) {
            expression = try CronExpression(text)
        } catch {
            return ["error": .string(error.fields.first?.message ?? error.message)]
        }
        var times: [JSONValue] = []
        var last = from
        while times.count < count, let next = expression.next(after: last, in: zone) {
            times.append(.string(next.rfc3339))
            last = next
        }
        return ["times": .array(times)]
    }
}
