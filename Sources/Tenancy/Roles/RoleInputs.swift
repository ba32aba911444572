// What is sent to make a role and to change one. The scopes that only come with being logged in can't be given.

import JSON

/// A role to make.
public struct CreateRole: Sendable {
    public let name: String
    public let description: String
    public let scopes: [GrantableRight]

    public init(name: String, description: String = "", scopes: [Right]) {
        self.name = name
        self.description = description
        self.scopes = scopes.compactMap { GrantableRight(rawValue: $0.rawValue) }
    }

    public static let input = Input<CreateRole>("CreateRole", "A role to make.") { fields in
        CreateRole(
            name: fields.required("name", RoleInputs.name, "What people call it."),
            description: fields.defaulted("description", .string(0...1_000), "", "What it is for."),
            scopes: fields.required("scopes", RoleInputs.scopes, "What it holds."))
    }

    private init(name: String, description: String, scopes: [GrantableRight]) {
        self.name = name
        self.description = description
        self.scopes = scopes
    }
}

/// A partial change of a role.
public struct UpdateRole: Sendable {
    public let name: String?
    public let description: String?
    public let scopes: [GrantableRight]?

    public static let input = Input<UpdateRole>("UpdateRole", "What to change; what is left out stays as it is.") { fields in
        UpdateRole(
            name: fields.optional("name", RoleInputs.name, "What people call it."),
            description: fields.optional("description", .string(0...1_000), "What it is for."),
            scopes: fields.optional("scopes", RoleInputs.scopes, "What it holds from now on."))
    }
}

/// A right that can be given, by its name on the wire.
public struct GrantableRight: RawRepresentable, CaseIterable, Sendable, Hashable {
    public let right: Right

    public init?(rawValue: String) {
        guard let right = Right(rawValue: rawValue), Right.grantable.contains(right) else { return nil }
        self.right = right
    }

    private init(_ right: Right) {
        self.right = right
    }

    public var rawValue: String { right.rawValue }

    public static let allCases: [GrantableRight] = Right.grantable.map { GrantableRight($0) }
}

private enum RoleInputs {
    static let name = StringShape(
        1...100,
        format: TextFormat(message: "This may neither hold control characters nor be the name of a role that every tenant has.") {
            text in
            TextFormat.line.accepts(text) && Role(rawValue: text.lowercased()) == nil
        })
    static let scopes = ArrayShape(of: EnumerationShape<GrantableRight>(), 1...64)
}
