// Our crons beside somebody else's: `croniter` says which minutes of the wall clock an expression means, Python's `zoneinfo` when those minutes
// are, by the two rules that are ours: a minute that the clock leaves out comes when it goes on, one that it shows twice comes the first time.

import Foundation
import JSON
import Testing

extension Conformance {
    @Suite struct CronTests {
        static let python = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent(".build/python/bin/python").path

        static var isThere: Bool { FileManager.default.isExecutableFile(atPath: python) }

        /// Prints a case a line: a request of the conformance program, with `times` as they have to be. Its argument is the seed.
        static let script = #"""
            import json, random, sys
            from datetime import datetime, timedelta, timezone
            from zoneinfo import ZoneInfo
            from croniter import croniter

            UTC, random = timezone.utc, random.Random(int(sys.argv[1]))

            def moment(wall, zone):
                early = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
                if early.astimezone(zone).replace(tzinfo=None) == wall:
                    return early
                # The clock leaves this minute out: the change lies between what the two offsets make of it.
                low = int(wall.replace(tzinfo=zone, fold=1).astimezone(UTC).timestamp())
                high = int(early.timestamp())
                offset = lambda at: datetime.fromtimestamp(at, zone).utcoffset()
                before = offset(low)
                while high - low > 1:
                    middle = (low + high) // 2
                    if offset(middle) == before: low = middle
                    else: high = middle
                return datetime.fromtimestamp(high, UTC)

            def case(expression, name, start, count):
                zone = ZoneInfo(name)
                wall = start.astimezone(zone).replace(tzinfo=None) - timedelta(days=2)
                minutes, times = croniter(expression, wall, implement_cron_bug=True, max_years_between_matches=50), []
                while len(times) < count:
                    at = moment(minutes.get_next(datetime), zone)
                    if at > start and (not times or at > times[-1]):
                        times.append(at)
                spell = lambda at: at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
                print(json.dumps({"op": "cron.next", "expr": expression, "zone": name, "from": spell(start), "n": count,
                    "times": [spell(at) for at in times]}))

            def part(low, high, names=None):
                kind = random.random()
                a, b = sorted(random.choice(range(low, high + 1)) for _ in "ab")
                name = lambda n: random.choice([str(n), names[n - low].upper()]) if names and n - low < len(names) else str(n)
                if kind < .35: return "*"
                if kind < .45: return f"*/{random.randint(1, high)}"
                if kind < .65: return name(a)
                if kind < .75: return f"{name(a)}-{name(b)}"
                if kind < .85: return f"{a}-{b}/{random.randint(1, 9)}"
                return ",".join(str(n) for n in sorted({random.randint(low, high) for _ in range(3)}))

            def expression():
                months = "jan feb mar apr may jun jul aug sep oct nov dec".split()
                days = "sun mon tue wed thu fri sat".split()
                return " ".join([part(0, 59), part(0, 23), part(1, 28), part(1, 12, months), part(0, 6, days)])

            changes = {
                "Europe/Berlin": [(2026, 3, 29), (2026, 10, 25), (2039, 3, 27), (2039, 10, 30)],
                "America/New_York": [(2026, 3, 8), (2026, 11, 1), (2040, 3, 11), (2040, 11, 4)],
                "Australia/Lord_Howe": [(2026, 4, 5), (2026, 10, 4), (2041, 4, 7), (2041, 10, 6)],
            }
            fixed = ["* * * * *", "*/5 * * * *", "*/7 * * * *", "30 2 * * *", "15 2 * * *", "0 2 * * *", "0 3 * * *", "59 1 * * *", "30 1 * * *",
                "10,50 1-3 * * *", "*/15 2 * * 0", "0 0 * * *", "@hourly", "@daily", "@weekly", "@monthly", "@yearly", "45 1 1-7 * SUN"]
            for name, days in changes.items():
                for day in days:
                    midnight = datetime(*day, tzinfo=ZoneInfo(name)).astimezone(UTC)
                    for text in fixed + [expression() for _ in range(12)]:
                        # From before the change, and from within the hours around it.
                        case(text, name, midnight - timedelta(hours=6), 40)
                        case(text, name, midnight + timedelta(minutes=random.randint(60, 300)), 25)
            others = ["UTC", "Asia/Kathmandu", "America/Sao_Paulo", "Africa/Casablanca", "Asia/Gaza", "America/Nuuk", "Europe/Dublin",
                "Pacific/Chatham", "America/Santiago", "Africa/Cairo"]
            for _ in range(400):
                start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=random.randrange(366 * 1440))
                case(expression(), random.choice(list(changes) + others), start, 60)
            """#

        @Test(.enabled(if: isThere, "./ops/test installs croniter"))
        func `crons come when croniter and zoneinfo say, over changes of the clock in three zones and over a year`() async throws
        {
            let seed = Int.random(in: 1...1_000_000)
            let made = try #require(try await ConformProgram.run(Self.python, ["-c", Self.script, "\(seed)"]))
            try #require(made.status == 0, "\(made.output)")
            let cases = try made.output.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
            try #require(cases.count > 1_000)
            // Through a file: both pipes would fill while nobody reads.
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("crons-\(UUID().uuidString)")
            try Data(made.output.utf8).write(to: file)
            defer { try? FileManager.default.removeItem(at: file) }
            let answered = try #require(
                try await ConformProgram.run("/bin/sh", ["-c", "exec '\(ConformProgram.path)' lines < '\(file.path)'"]))
            let answers = try answered.output.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
            try #require(answers.count == cases.count)
            var times = 0
            for (wanted, answer) in zip(cases, answers) {
                times += wanted["times"]?.array?.count ?? 0
                let (ours, theirs) = (answer["times"]?.array ?? [], wanted["times"]?.array ?? [])
                guard ours != theirs else { continue }
                let at = zip(ours, theirs).first { $0 != $1 }
                Issue.record(
                    "seed \(seed): \(wanted["expr"]!) \(wanted["zone"]!) \(wanted["from"]!): ours, theirs \(String(describing: at)) \(answer["error"] ?? "")"
                )
            }
            print("crons beside croniter and zoneinfo: \(cases.count) cases, \(times) times, seed \(seed)")
        }

        @Test func `the operation says what is wrong with an expression or a zone`() async throws {
            let lines = [
                #"{"op":"cron.next","expr":"0 0 30 2 *","from":"2026-01-01T00:00:00Z","n":1}"#,
                #"{"op":"cron.next","expr":"0 0 * * *","zone":"Mars/Olympus","from":"2026-01-01T00:00:00Z","n":1}"#,
                #"{"op":"cron.next","expr":"0 0 * * *","from":"2026-01-01T00:00:00Z","n":2}"#,
            ]
            let result = try #require(
                try await ConformProgram.run(ConformProgram.path, ["lines"], input: Array(lines.joined(separator: "\n").utf8)))
            let answers = result.output.split(separator: "\n")
            #expect(answers.count == 3 && answers[0].contains("day of month") && answers[1].contains("zone"))
            #expect(answers.last == #"{"times":["2026-01-02T00:00:00.000Z","2026-01-03T00:00:00.000Z"]}"#)
        }
    }
}
