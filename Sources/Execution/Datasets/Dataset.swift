// A dataset as its tenant sees it, and what it is made and changed with.

import Base
import JSON

/// A named set of records.
public struct Dataset: Sendable {
    public let id: DatasetID
    public let name: String
    public let description: String
    public let recordCount: Int
    /// The bytes of its records' keys and texts.
    public let bytes: Int
    public let createdAt: Timestamp
    public let updatedAt: Timestamp
    /// How often it or its records have changed, from 1.
    public let revision: Int

    /// A dataset as it is answered.
    public static let output = Output<Dataset>(
        "Dataset", "A named set of records.",
        [
            .field("id", "Its id.") { $0.id },
            .field("name", "Its name, which no other dataset of the tenant has.") { $0.name },
            .field("description", "What is in it.") { $0.description },
            .field("record_count", "How many records it has.") { $0.recordCount },
            .field("bytes", "How many bytes the keys and texts of its records have.") { $0.bytes },
            .field("created_at", "When it was made.") { $0.createdAt },
            .field("updated_at", "When it or one of its records last changed.") { $0.updatedAt },
        ]
    ).revised { $0.revision }
}

/// What it takes to make a dataset.
public struct CreateDataset: Sendable {
    public let name: String
    public let description: String

    public init(name: String, description: String = "") {
        self.name = name
        self.description = description
    }

    static let nameShape = StringShape(1...100, format: .line)

    public static let input = Input<CreateDataset>("CreateDataset", "A new dataset.") { fields in
        CreateDataset(
            name: fields.required("name", nameShape, "Its name."),
            description: fields.defaulted("description", .string(0...2000), "", "What is in it."))
    }
}

/// What changes of a dataset; what is `nil` stays.
public struct UpdateDataset: Sendable {
    public let name: String?
    public let description: String?

    public init(name: String? = nil, description: String? = nil) {
        self.name = name
        self.description = description
    }

    public static let input = Input<UpdateDataset>("UpdateDataset", "What changes of a dataset; what is left out stays.") {
        fields in
        UpdateDataset(
            name: fields.optional("name", CreateDataset.nameShape, "Its name."),
            description: fields.optional("description", .string(0...2000), "What is in it."))
    }
}
