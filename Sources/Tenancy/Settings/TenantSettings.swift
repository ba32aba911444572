// What a tenant decides about itself: who may join, whether a second factor is asked for, how long sessions live. Stored as JSON beside
// the tenant, only what differs from the defaults, so that a default can change without a migration. What the column holds is checked again
// when it is read: a value out of bounds counts as left out.

import Base
import JSON
import Postgres

/// The settings of a tenant.
public struct TenantSettings: Sendable, Hashable {
    /// Who may make an account.
    public enum Registration: String, Sendable, CaseIterable {
        /// Anybody, who proves his address.
        case open
        /// Whoever was invited.
        case invite
        /// Nobody.
        case closed
    }

    /// Minutes after which a session that is not used may end: 5 minutes to 90 days.
    public static let sessionIdleMinutesRange = 5...129_600
    /// Hours after which a session ends in any case: an hour to a year.
    public static let sessionAbsoluteHoursRange = 1...8_760

    /// Millionths of a dollar: up to a million dollars.
    public static let modelBudgetRange = 0...1_000_000_000_000

    public var registration: Registration
    /// Whether people hold but their own rights until they have confirmed a second factor.
    public var mfaRequired: Bool
    /// After so many minutes without use a session is over.
    public var sessionIdleMinutes: Int
    /// After so many hours a session is over, however much it is used.
    public var sessionAbsoluteHours: Int
    /// What all runs may spend on models in a calendar month (UTC), in millionths of a dollar; `nil` for no bound.
    public var modelBudget: Int?

    public init(
        registration: Registration = .invite, mfaRequired: Bool = false, sessionIdleMinutes: Int = 20_160,
        sessionAbsoluteHours: Int = 2_160, modelBudget: Int? = nil
    ) {
        self.registration = registration
        self.mfaRequired = mfaRequired
        self.sessionIdleMinutes = sessionIdleMinutes
        self.sessionAbsoluteHours = sessionAbsoluteHours
        self.modelBudget = modelBudget
    }

    /// What holds for a tenant that decided nothing: by invitation, no second factor, two weeks idle, ninety days in all.
    public static let standard = TenantSettings()

    // MARK: In the database

    /// - Parameter stored: the column `settings`.
    public init(stored: JSONBytes) throws(Fault) {
        self.init(stored: try JSONValue(parsing: stored.bytes))
    }

    /// - Parameter stored: the content of the column `settings`.
    public init(stored: JSONValue) {
        let standard = TenantSettings.standard
        registration = stored["registration"]?.string.flatMap(Registration.init(rawValue:)) ?? standard.registration
        mfaRequired = stored["mfa_required"]?.bool ?? standard.mfaRequired
        sessionIdleMinutes =
            TenantSettings.figure(stored["session_idle_minutes"], TenantSettings.sessionIdleMinutesRange)
            ?? standard.sessionIdleMinutes
        sessionAbsoluteHours =
            TenantSettings.figure(stored["session_absolute_hours"], TenantSettings.sessionAbsoluteHoursRange)
            ?? standard.sessionAbsoluteHours
        modelBudget = TenantSettings.figure(stored["model_budget_microdollars"], TenantSettings.modelBudgetRange)
    }

    private static func figure(_ value: JSONValue?, _ range: ClosedRange<Int>) -> Int? {
        guard let figure = value?.int, range.contains(figure) else { return nil }
        return figure
    }

    /// What the column `settings` holds: what differs from the defaults.
    public var stored: JSONBytes {
        let standard = TenantSettings.standard
        var object = JSONObject()
        if registration != standard.registration { object["registration"] = .string(registration.rawValue) }
        if mfaRequired != standard.mfaRequired { object["mfa_required"] = .bool(mfaRequired) }
        if sessionIdleMinutes != standard.sessionIdleMinutes { object["session_idle_minutes"] = .integer(sessionIdleMinutes) }
        if sessionAbsoluteHours != standard.sessionAbsoluteHours {
            object["session_absolute_hours"] = .integer(sessionAbsoluteHours)
        }
        if let modelBudget { object["model_budget_microdollars"] = .integer(modelBudget) }
        return JSONBytes(JSONValue.object(object).bytes)
    }

    // MARK: On the wire

    public static let output = Output<TenantSettings>(
        "TenantSettings", "What a tenant decides about itself.",
        [
            .field("registration", "Who may make an account: anybody, the invited, nobody.") { $0.registration },
            .field("mfa_required", "Whether people may do nothing before they have a second factor.") { $0.mfaRequired },
            .field("session_idle_minutes", "Minutes without use after which a session ends.") { $0.sessionIdleMinutes },
            .field("session_absolute_hours", "Hours after which a session ends in any case.") { $0.sessionAbsoluteHours },
            .field(
                "model_budget_microdollars",
                "What all runs may spend on models in a calendar month (UTC), in millionths of a dollar; null for no bound."
            ) { $0.modelBudget },
        ])
}

extension TenantSettings.Registration: JSONRepresentable {}
