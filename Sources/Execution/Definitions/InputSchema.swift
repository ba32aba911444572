// What the input of a run has to be like, where its definition says so: the schema of the input node of what `flow_graph` carries through. It is
// asked for with the statement that makes the run, which makes none as long as the input was not checked against that version.
// Bounds: those of `JSONSchema`; `rounds` versions that come while a run is wanted.

import Base
import JSON
import Loop

/// The schema of the input of a version.
struct InputSchema: Sendable {
    /// How often the version may change between a check and the run.
    static let rounds = 5

    let version: Int
    let schema: JSONRaw

    /// The schema as an expression, NULL for none.
    /// - Parameter blueprint: the expression for the blueprint of a version.
    static func column(_ blueprint: String) -> String {
        """
        nullif(CASE WHEN \(blueprint) #>> '{strategy,name}' = 'flow_graph' THEN
            jsonb_path_query_first(\(blueprint), '$.strategy.config.nodes[*] ? (@.type == "input").config.schema') END, 'null')
        """
    }

    /// Checks an input.
    /// - Parameter pool: does it; without one it is done at once.
    /// - Throws: `.invalid` naming the fields below `input`.
    func check(_ input: JSONRaw, on pool: BlockingPool?) async throws(Fault) {
        let schema = try JSONValue(parsing: schema.bytes)
        @Sendable func check() throws(Fault) {
            let compiled: JSONSchema
            do throws(JSONSchemaError) {
                compiled = try JSONSchema(schema, assertsFormats: true)
            } catch {
                throw .invalid("input", "limit", error.sentence)
            }
            try compiled.check(try JSONValue(parsing: input.bytes), at: "input")
        }
        guard let pool else { return try check() }
        try await pool.run(check)
    }
}

extension JSONSchema {
    /// - Throws: `.invalid` naming what the schema does not allow, by their paths below `path`.
    func check(_ value: JSONValue, at path: String) throws(Fault) {
        let violations: [SchemaViolation]
        do throws(JSONSchemaError) {
            violations = try self.violations(of: value)
        } catch {
            throw .invalid(path, "limit", error.sentence)
        }
        guard !violations.isEmpty else { return }
        var problems = Problems()
        for violation in violations { problems.add(.format, violation.message, at: violation.field) }
        throw problems.fault.below(path)
    }
}
