// What a tenant may change about itself.

import JSON

/// A partial change of a tenant by its own people.
public struct UpdateTenant: Sendable {
    public var name: String?
    public var settings: ChangeSettings?

    public init(name: String? = nil, settings: ChangeSettings? = nil) {
        self.name = name
        self.settings = settings
    }

    public static let input = Input<UpdateTenant>("UpdateTenant", "What to change; what is left out stays as it is.") { fields in
        UpdateTenant(
            name: fields.optional("name", .string(1...100, format: .line), "What people call it."),
            settings: fields.optional("settings", ChangeSettings.input, "Settings to change."))
    }
}

/// The word that somebody means it.
public struct DeleteTenant: Sendable {
    public let slug: String

    public init(slug: String) {
        self.slug = slug
    }

    public static let input = Input<DeleteTenant>("DeleteTenant", "The confirmation of a deletion.") { fields in
        DeleteTenant(slug: fields.required("slug", .string(1...63), "The slug of the tenant, to show that it is meant."))
    }
}
