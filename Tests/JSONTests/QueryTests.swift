// Parameters given as text.

import Base
import JSON
import Testing

struct ListThings {
    var limit: Int
    var effort: Effort?
    var isActive: Bool
    var owner: AgentID?
    var since: Timestamp?
    var name: String

    static let query = Query<ListThings>("ListThings") { parameters in
        ListThings(
            limit: parameters.defaulted("limit", .integer(1...100), 20, "How many at most."),
            effort: parameters.optional("filter[effort]", .enumeration(Effort.self), "Only these."),
            isActive: parameters.defaulted("active", .boolean, true, "Only active ones."),
            owner: parameters.optional("owner", .id(AgentID.self), "Only of this one."),
            since: parameters.optional("since", .timestamp, "Only later ones."),
            name: parameters.required(
                "name", StringShape(1...5, format: .slug).refined(.format, "Not x.") { $0 != "x" }, "The name.")
        )
    }
}

@Suite struct QueryTests {
    @Test func `parameters become a value`() throws {
        let id = AgentID.make()
        let list = try ListThings.query.decode([
            ("name", "a-b"), ("limit", "5"), ("filter[effort]", "high"), ("active", "false"), ("owner", id.description),
            ("since", "2024-01-01T00:00:00Z"),
        ])
        #expect(
            list.limit == 5 && list.effort == .high && !list.isActive && list.owner == id && list.since != nil
                && list.name == "a-b")
        let least = try ListThings.query.decode([("name", "a")])
        #expect(least.limit == 20 && least.effort == nil && least.isActive)
    }

    @Test(
        arguments: [
            ("limit", "0", "limit range"), ("limit", "101", "limit range"), ("limit", "ten", "limit type"),
            ("limit", "", "limit type"),
            ("limit", "99999999999999999999", "limit type"), ("filter[effort]", "some", "filter[effort] enum"),
            ("active", "1", "active type"),
            ("owner", "me", "owner format"), ("since", "now", "since format"), ("nope", "1", "nope unknown"),
            ("name", "b", "name duplicate"),
        ])
    func `a wrong parameter is named with its reason`(_ name: String, _ value: String, _ expected: String) {
        do throws(Fault) {
            _ = try ListThings.query.decode([("name", "a"), (name, value)])
            Issue.record("it was taken")
        } catch {
            #expect(error.fields.map { "\($0.path) \($0.code)" } == [expected])
        }
    }

    @Test func `text is held to its length, its format and further rules`() {
        func codes(_ pairs: [(name: String, value: String)]) -> [String] {
            do throws(Fault) {
                _ = try ListThings.query.decode(pairs)
                return []
            } catch {
                return error.fields.map { $0.code }
            }
        }
        for (value, code) in [("toolong", "length"), ("A", "format"), ("x", "format"), ("a\u{0}", "format")] {
            #expect(codes([("name", value)]) == [code])
        }
        #expect(codes([]) == ["required"])
    }

    @Test func `parameters are described`() throws {
        let text = written { writer in
            writer.beginArray()
            ListThings.query.write(to: &writer)
            writer.endArray()
        }
        let parameters = try JSONValue(parsing: Array(text.utf8))
        #expect(parameters.array?.count == 6)
        #expect(
            parameters[0] == [
                "name": "limit", "in": "query", "required": false, "description": "How many at most.",
                "schema": ["type": "integer", "minimum": 1, "maximum": 100, "default": 20],
            ])
        #expect(parameters[5]?["required"] == true)
    }
}
