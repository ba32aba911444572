// How the roster stands in its row: as JSON that an operator can read. What can't be read is a fault, never an empty roster.

import Base
import JSON

extension Roster {
    /// Nothing has been written yet when the row holds an empty object.
    init(_ json: JSONValue) throws(Fault) {
        self.init()
        guard let object = json.object else { throw Roster.unreadable }
        if object.isEmpty { return }
        guard let members = object["members"]?.array, let charges = object["charges"]?.array,
            let isShared = object["shared"]?.bool,
            let charged = object["charged"]?.int, let peak = object["peak"]?.int
        else { throw Roster.unreadable }
        for member in members { self.members.append(try Roster.member(member)) }
        for charge in charges {
            guard let at = charge["at"]?.int, let before = charge["before"]?.int else { throw Roster.unreadable }
            self.charges.append(Charge(at: Int64(at), before: Int64(before)))
        }
        if let began = object["began"], let at = began["at"]?.int, let before = began["before"]?.int {
            self.began = Charge(at: Int64(at), before: Int64(before))
        }
        self.isShared = isShared
        self.charged = Int64(charged)
        self.peak = peak
        vanishedAt = object["vanished_at"]?.int.map { Int64($0) }
        handedOverAt = object["handed_over_at"]?.int.map { Int64($0) }
    }

    private static func member(_ json: JSONValue) throws(Fault) -> Member {
        guard let life = json["life"]?.string.flatMap({ UUIDBits(hyphenated: $0.utf8) }),
            let node = json["node"]?.string.flatMap({ UUIDBits(hyphenated: $0.utf8) }),
            let leaseEnds = json["lease_ends"]?.int, let isServing = json["serving"]?.bool, let divisor = json["divisor"]?.int
        else { throw unreadable }
        return Member(life: life, node: node, leaseEnds: Int64(leaseEnds), isServing: isServing, divisor: divisor)
    }

    var json: JSONValue {
        [
            "members": .array(
                members.map { member in
                    [
                        "life": .string(member.life.description), "node": .string(member.node.description),
                        "lease_ends": .integer(Int(member.leaseEnds)), "serving": .bool(member.isServing),
                        "divisor": .integer(member.divisor),
                    ]
                }),
            "shared": .bool(isShared), "charged": .integer(Int(charged)), "peak": .integer(peak),
            "charges": .array(charges.map { ["at": .integer(Int($0.at)), "before": .integer(Int($0.before))] }),
            "began": began.map { ["at": .integer(Int($0.at)), "before": .integer(Int($0.before))] } ?? .null,
            "vanished_at": vanishedAt.map { .integer(Int($0)) } ?? .null,
            "handed_over_at": handedOverAt.map { .integer(Int($0)) } ?? .null,
        ]
    }

    private static let unreadable = Fault(
        .internalError, "The server could not do it.", cause: "the roster of the nodes is not well formed")
}
