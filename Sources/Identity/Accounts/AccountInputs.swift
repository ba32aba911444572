// What is sent about accounts. Names, addresses and passwords are only bounded here; the operations bring them to their one spelling and
// check them, and name the field as well.

import Base
import JSON
import Tenancy

extension ValueShape where Self == StringShape {
    /// A username as somebody writes it.
    static var usernameText: StringShape { StringShape(1...256, format: .line) }
    /// An e-mail address as somebody writes it.
    static var emailText: StringShape { StringShape(1...320, format: .line) }
    /// A password: its rules are those of `PasswordPolicy`, which counts after normalisation.
    static var passwordText: StringShape { StringShape(1...512) }
    /// What people call somebody.
    static var personName: StringShape { StringShape(PersonName.characters, format: PersonName.format) }
    /// The token of a link.
    static var linkToken: StringShape { StringShape(1...200, format: .line) }
    /// The tenant that somebody means who is nobody yet.
    static var tenantNaming: StringShape { StringShape(1...100, format: .line) }
}

/// Somebody who wants an account in a tenant that takes everybody.
public struct Register: Sendable {
    public let tenant: String?
    public let username: String
    public let email: String
    public let name: String
    public let password: String

    public static let input = Input<Register>("Register", "A new account.") { fields in
        Register(
            tenant: fields.optional(
                "tenant", .tenantNaming,
                "Slug or id of the tenant, if neither host nor header name it. Left out: the default tenant."),
            username: fields.required(
                "username", .usernameText, "The name to log in with: letters of one script, digits, . _ and -."),
            email: fields.required("email", .emailText, "The e-mail address, which has to be confirmed."),
            name: fields.defaulted("name", .personName, "", "What people call this person."),
            password: fields.required(
                "password", .passwordText, "At least 15 characters, or 8 where a second factor is required."))
    }
}

/// Somebody who wants a tenant of his own.
public struct SignUp: Sendable {
    public let slug: String
    public let name: String
    public let code: String?
    public let owner: Owner

    public struct Owner: Sendable {
        public let username: String
        public let email: String
        public let name: String
        public let password: String

        static let input = Input<Owner>("SignUpOwner", "The first person of a tenant.") { fields in
            Owner(
                username: fields.required("username", .usernameText, "The name to log in with."),
                email: fields.required("email", .emailText, "The e-mail address, which has to be confirmed."),
                name: fields.defaulted("name", .personName, "", "What people call this person."),
                password: fields.required("password", .passwordText, "At least 15 characters."))
        }
    }

    public static let input = Input<SignUp>("SignUp", "A new tenant with its owner.") { fields in
        SignUp(
            slug: fields.required(
                "slug",
                StringShape(1...63).refined(.format, "A slug is 1 to 63 of a-z, 0-9 and inner hyphens.", accepts: Tenant.isSlug),
                "Its name in addresses: a-z, 0-9 and inner hyphens."),
            name: fields.required("name", .string(1...100, format: PersonName.format), "What people call it."),
            code: fields.optional(
                "code", .string(1...100, format: .line), "The code that the operator gave, where one is needed."),
            owner: fields.required("owner", Owner.input, "The first person of the tenant."))
    }
}

/// An address to which a mail is to go.
public struct MailRequest: Sendable {
    public let tenant: String?
    public let email: String

    public static let input = Input<MailRequest>("ForgotPassword", "Whose password is forgotten.") { fields in
        MailRequest(
            tenant: fields.optional("tenant", .tenantNaming, "Slug or id of the tenant. Left out: the default tenant."),
            email: fields.required("email", .emailText, "The address of the account."))
    }
}

/// The token of a link, which is used by sending it.
public struct UseLink: Sendable {
    public let token: String
    public let password: String?

    public static let input = Input<UseLink>("UseLink", "A link that was sent by mail.") { fields in
        UseLink(
            token: fields.required("token", .linkToken, "What stands behind `token=` in the link."),
            password: fields.optional(
                "password", .passwordText,
                """
                Required for a registration or a sign-up: the password of the account from now on. Whoever has the mailbox has the last \
                word on it, since somebody else may have registered with the address. A change of address takes none.
                """))
    }
}

/// A new password, by a link.
public struct ResetPassword: Sendable {
    public let token: String
    public let password: String

    public static let input = Input<ResetPassword>("ResetPassword", "A new password, by a link that was sent by mail.") {
        fields in
        ResetPassword(
            token: fields.required("token", .linkToken, "What stands behind `token=` in the link."),
            password: fields.required("password", .passwordText, "The new password."))
    }
}

/// What changes of the caller's own account.
public struct UpdateAccount: Sendable {
    public let name: String?
    public let username: String?

    public static let input = Input<UpdateAccount>("UpdateAccount", "What changes of the own account; what is left out stays.") {
        fields in
        UpdateAccount(
            name: fields.optional("name", .personName, "What people call this person."),
            username: fields.optional("username", .usernameText, "The name to log in with."))
    }
}

/// A new password, by somebody who knows the present one.
public struct ChangePassword: Sendable {
    public let current: String
    public let new: String

    public static let input = Input<ChangePassword>("ChangePassword", "A new password for the own account.") { fields in
        ChangePassword(
            current: fields.required("current_password", .passwordText, "The present password."),
            new: fields.required("new_password", .passwordText, "The new one. All other sessions end."))
    }
}

/// A new address for the own account.
public struct ChangeEmail: Sendable {
    public let email: String

    public static let input = Input<ChangeEmail>("ChangeEmail", "A new address for the own account.") { fields in
        ChangeEmail(email: fields.required("email", .emailText, "The new address. It counts once its link was used."))
    }
}

/// What changes of a person, by an admin.
public struct UpdateUser: Sendable {
    public let name: String?
    public let role: RoleReference?

    public static let input = Input<UpdateUser>("UpdateUser", "What changes of a person; what is left out stays.") { fields in
        UpdateUser(
            name: fields.optional("name", .personName, "What people call this person."),
            role: fields.optional("role", roleText, "The new role, which holds no more than the caller does.").flatMap(
                RoleReference.init))
    }

    static let roleText = StringShape(1...64).refined(
        .format, "A role is owner, admin, member, viewer, or the id of a custom role."
    ) { RoleReference($0) != nil }
}

/// Somebody to be invited.
public struct CreateInvitation: Sendable {
    public let email: String
    public let role: RoleReference

    public static let input = Input<CreateInvitation>("CreateInvitation", "Somebody to be invited.") { fields in
        let email = fields.required("email", .emailText, "Where the invitation goes; the account will have this address.")
        let role = fields.defaulted(
            "role", UpdateUser.roleText, Role.member.rawValue,
            "The role of the account, which holds no more than the caller does.")
        return CreateInvitation(email: email, role: RoleReference(role) ?? .builtIn(.member))
    }
}

/// What somebody says who accepts an invitation.
public struct AcceptInvitation: Sendable {
    public let token: String
    public let username: String
    public let name: String
    public let password: String

    public static let input = Input<AcceptInvitation>("AcceptInvitation", "An account for somebody who was invited.") { fields in
        AcceptInvitation(
            token: fields.required("token", .linkToken, "What stands behind `token=` in the link."),
            username: fields.required(
                "username", .usernameText, "The name to log in with: letters of one script, digits, . _ and -."),
            name: fields.defaulted("name", .personName, "", "What people call this person."),
            password: fields.required(
                "password", .passwordText, "At least 15 characters, or 8 where a second factor is required."))
    }
}

/// That a mail will go out, if there is reason for one; the same whether there is or not.
public struct MailRequested: Sendable {
    public let email: String

    public static let output = Output<MailRequested>(
        "MailRequested", "A mail goes to this address, if there is reason for one.",
        [.field("email", "The address.") { $0.email }])
}
