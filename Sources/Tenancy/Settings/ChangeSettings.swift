// A partial change of a tenant's settings (RFC 7396): what is left out stays, what is null goes back to its default.

import JSON

/// What a PATCH says about settings.
public struct ChangeSettings: Sendable, Equatable {
    public var registration: Change<TenantSettings.Registration>
    public var mfaRequired: Change<Bool>
    public var sessionIdleMinutes: Change<Int>
    public var sessionAbsoluteHours: Change<Int>
    public var modelBudget: Change<Int>

    public init(
        registration: Change<TenantSettings.Registration> = .absent, mfaRequired: Change<Bool> = .absent,
        sessionIdleMinutes: Change<Int> = .absent, sessionAbsoluteHours: Change<Int> = .absent,
        modelBudget: Change<Int> = .absent
    ) {
        self.registration = registration
        self.mfaRequired = mfaRequired
        self.sessionIdleMinutes = sessionIdleMinutes
        self.sessionAbsoluteHours = sessionAbsoluteHours
        self.modelBudget = modelBudget
    }

    /// The settings that follow from `settings`.
    public func applied(to settings: TenantSettings) -> TenantSettings {
        let standard = TenantSettings.standard
        return TenantSettings(
            registration: registration.applied(to: settings.registration) ?? standard.registration,
            mfaRequired: mfaRequired.applied(to: settings.mfaRequired) ?? standard.mfaRequired,
            sessionIdleMinutes: sessionIdleMinutes.applied(to: settings.sessionIdleMinutes) ?? standard.sessionIdleMinutes,
            sessionAbsoluteHours: sessionAbsoluteHours.applied(to: settings.sessionAbsoluteHours)
                ?? standard.sessionAbsoluteHours,
            modelBudget: modelBudget.applied(to: settings.modelBudget))
    }

    public static let input = Input<ChangeSettings>("ChangeSettings", "Settings to change; null brings the default back.") {
        fields in
        ChangeSettings(
            registration: fields.patch(
                "registration", .enumeration(TenantSettings.Registration.self),
                "Who may make an account: anybody, the invited, nobody."),
            mfaRequired: fields.patch(
                "mfa_required", .boolean, "Whether people may do nothing before they have a second factor."),
            sessionIdleMinutes: fields.patch(
                "session_idle_minutes", .integer(TenantSettings.sessionIdleMinutesRange),
                "Minutes without use after which a session ends."),
            sessionAbsoluteHours: fields.patch(
                "session_absolute_hours", .integer(TenantSettings.sessionAbsoluteHoursRange),
                "Hours after which a session ends in any case."),
            modelBudget: fields.patch(
                "model_budget_microdollars", .integer(TenantSettings.modelBudgetRange),
                "What all runs may spend on models in a calendar month (UTC), in millionths of a dollar."))
    }
}
