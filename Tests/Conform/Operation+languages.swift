// The small languages over JSON: JMESPath, and JSON Schema.

import JSON

extension Operation {
    static func evaluateJMESPath(_ fields: Fields) -> JSONValue? {
        guard let given = fields.value("given").flatMap({ try? JSONValue($0) }), let text = fields.text("expr") else {
            return nil
        }
        do throws(JMESPathError) {
            return ["result": try JMESPath(text).evaluate(given)]
        } catch {
            return ["error": .string(error.kind.rawValue)]
        }
    }

    /// What is skipped, and why: references that would have to be fetched, which we refuse; host names in other scripts, for which one
    /// needs the tables of IDNA, whether they are spelled in their script or as `xn--`.
    static func validate(_ fields: Fields) -> JSONValue? {
        guard let dialect = fields.text("draft").flatMap({ dialects[$0] }),
            let schema = fields.value("schema").flatMap({ try? JSONValue($0) }),
            let instance = fields.value("instance").flatMap({ try? JSONValue($0) })
        else { return nil }
        let assertsFormats = fields.value("format")?.bool == true
        if assertsFormats, let format = schema["format"]?.string {
            let isEncoded = instance.string?.lowercased().hasPrefix("xn--") == true
            if format == "idn-hostname" || format == "hostname" && isEncoded { return skip }
        }
        do throws(JSONSchemaError) {
            let compiled = try JSONSchema(schema, dialect: dialect, assertsFormats: assertsFormats)
            return ["valid": .bool(try compiled.violations(of: instance).isEmpty)]
        } catch {
            return error.kind == .remoteReference ? skip : ["error": .string(error.sentence)]
        }
    }

    private static let dialects: [String: JSONSchema.Dialect] = ["draft7": .draft7, "draft2020-12": .draft2020]
}
