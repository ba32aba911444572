// Datasets: make, read, change; write records by key, ask for them, take them all away as lines.

import Base
import Execution
import HTTP
import JSON
import Tenancy

extension DatasetQuery {
    /// The question by name, which a cursor is bound to.
    fileprivate func cursorName(of dataset: DatasetID) -> String { "dataset \(dataset)\n\(name)" }
}

extension DatasetQuery.Place {
    /// The place behind which a page begins, out of a cursor.
    fileprivate init(cursor: String, _ name: String, _ scope: TenantScope) throws(Fault) {
        let bytes: [UInt8] = try Cursor.open(cursor, query: name, for: Cursor.Holder(scope))
        let document: JSONDocument
        do throws(JSONError) { document = try JSONDocument(bytes) } catch { throw error.fault }
        var (key, value) = ("", JSONRaw?.none)
        for member in document.root.members {
            // Digit for digit as the store told it.
            if member.name.string() == "key" { key = member.value.string() ?? "" } else { value = JSONRaw(member.value) }
        }
        self.init(key: key, value: value)
    }

    fileprivate func cursor(_ name: String, _ scope: TenantScope) -> String {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("key")
        writer.string(key)
        if let value {
            writer.key("value")
            writer.raw(value.bytes)
        }
        writer.endObject()
        return Cursor.seal(writer.finish(), query: name, for: Cursor.Holder(scope))
    }
}

extension Endpoint {
    static func datasets(_ services: Services) -> [Endpoint] {
        sets(services.core.datasets) + records(services.core.datasets, services)
    }

    private static func sets(_ datasets: Datasets) -> [Endpoint] {
        [
            .taking(
                .post, "/v1/datasets", "Make a dataset", DatasetsWrite.self, CreateDataset.input, status: 201,
                answers: Dataset.output
            ) { call, permit, input throws(Fault) in
                try await datasets.create(input, permit)
            },
            .asking("/v1/datasets", "List the datasets", DatasetsRead.self, Paging.query, answers: Dataset.output.page) {
                call, permit, paging throws(Fault) in
                let before: DatasetID? = try paging.place(in: "datasets", for: permit.scope)
                let part = try await datasets.list(before: before, limit: paging.limit, order: paging.order, permit)
                return part.page(of: "datasets", in: paging.order, for: permit.scope)
            },
            .plain(.get, "/v1/datasets/{dataset_id}", "Read a dataset's figures", DatasetsRead.self, answers: Dataset.output) {
                call, permit throws(Fault) in
                try await datasets.get(try call.id(0), permit)
            },
            .taking(
                .patch, "/v1/datasets/{dataset_id}", "Change a dataset's name or description", DatasetsWrite.self,
                UpdateDataset.input, answers: Dataset.output
            ) { call, permit, input throws(Fault) in
                try await datasets.update(try call.id(0), input, permit)
            },
            .silent(.delete, "/v1/datasets/{dataset_id}", "Delete a dataset with its records", DatasetsWrite.self) {
                call, permit throws(Fault) in
                try await datasets.delete(try call.id(0), permit)
            },
        ]
    }

    private static func records(_ datasets: Datasets, _ services: Services) -> [Endpoint] {
        [
            .taking(
                .post, "/v1/datasets/{dataset_id}/records", "Write records by key: all of them or none", DatasetsWrite.self,
                PutRecords.input, answers: RecordsWritten.output
            ) { call, permit, input throws(Fault) in
                try await datasets.put(input, into: try call.id(0), permit)
            },
            .plain(
                .get, "/v1/datasets/{dataset_id}/records/{key}", "Read a record", DatasetsRead.self, answers: DatasetRecord.output
            ) { call, permit throws(Fault) in
                try await datasets.record(try call.name(1), of: try call.id(0), permit)
            },
            .silent(.delete, "/v1/datasets/{dataset_id}/records/{key}", "Delete a record", DatasetsWrite.self) {
                call, permit throws(Fault) in
                try await datasets.remove(try call.name(1), of: try call.id(0), permit)
            },
            .taking(
                .post, "/v1/datasets/{dataset_id}/query", "Ask for records: filtered, sorted, in pages", DatasetsRead.self,
                AskDataset.input, mayBeEmpty: true, answers: DatasetRecord.output.page
            ) { call, permit, input throws(Fault) in
                let id: DatasetID = try call.id(0)
                let name = input.query.cursorName(of: id)
                var query = input.query
                if let cursor = input.cursor { query.after = try DatasetQuery.Place(cursor: cursor, name, permit.scope) }
                let part = try await datasets.query(query, of: id, permit)
                return Page(part.elements, nextCursor: part.next.map { $0.cursor(name, permit.scope) })
            },
            .streaming(
                "/v1/datasets/{dataset_id}/export", "Read all records in the order of their keys, a line each", DatasetsRead.self,
                nothingAsked, services
            ) { call, permit, _, write throws(Fault) in
                try await datasets.export(try call.id(0), permit, to: write)
            },
        ]
    }
}
