// Settings, contracts and the words of operators: what is stored, what is shown, what is refused.

import Base
import JSON
import Postgres
import Testing

@testable import Tenancy

@Suite struct SettingsTests {
    private func change(_ text: String) throws -> ChangeSettings { try ChangeSettings.input.decode(Array(text.utf8)) }

    @Test func `a tenant that decided nothing has the defaults and stores nothing`() throws {
        let settings = try TenantSettings(stored: JSONBytes(Array("{}".utf8)))
        #expect(settings == .standard && settings.registration == .invite && !settings.mfaRequired)
        #expect(settings.stored.bytes == Array("{}".utf8))
    }

    @Test func `what differs is stored and read back`() throws {
        let settings = TenantSettings(
            registration: .closed, mfaRequired: true, sessionIdleMinutes: 5, sessionAbsoluteHours: 8_760, modelBudget: 7)
        #expect(try TenantSettings(stored: settings.stored) == settings)
        // A setting that is the default again leaves nothing behind.
        var some = settings
        some.mfaRequired = false
        #expect(try JSONValue(parsing: some.stored.bytes)["mfa_required"] == nil)
    }

    @Test func `what the column holds is not believed beyond the bounds`() {
        let stored: JSONValue = [
            "registration": "everybody", "mfa_required": 1, "session_idle_minutes": 0, "session_absolute_hours": 1_000_000,
            "model_budget_microdollars": -5, "unknown": true,
        ]
        #expect(TenantSettings(stored: stored) == .standard)
    }

    @Test func `a change leaves out, empties and sets`() throws {
        let before = TenantSettings(registration: .open, mfaRequired: true, sessionIdleMinutes: 60)
        #expect(try change("{}").applied(to: before) == before)
        let after = try change(#"{"registration":null,"session_idle_minutes":129600}"#).applied(to: before)
        #expect(after == TenantSettings(mfaRequired: true, sessionIdleMinutes: 129_600))
    }

    @Test(arguments: [
        #"{"registration":"all"}"#, #"{"mfa_required":"yes"}"#, #"{"session_idle_minutes":4}"#,
        #"{"session_idle_minutes":129601}"#, #"{"session_absolute_hours":0}"#, #"{"session_absolute_hours":8761}"#,
        #"{"model_budget_microdollars":-1}"#, #"{"plan":"enterprise"}"#, #"{"Registration":"open"}"#,
    ]) func `a change beyond the bounds is refused`(_ text: String) {
        #expect(throws: Fault.self) { try change(text) }
    }

    @Test func `a contract is laid over the plan, figure by figure`() throws {
        let change = try ChangeContract.input.decode(Array(#"{"users":7,"keys":null,"definitions":300}"#.utf8))
        let contract = change.applied(to: ["keys": 5, "audit_days": 400])
        #expect(contract == ["users": 7, "audit_days": 400, "definitions": 300])
        let quotas = Plan.free.quotas.under(contract: contract)
        #expect(quotas.definitions == 300 && Plan.free.quotas.definitions == 200)
        #expect(quotas.users == 7 && quotas.keys == Plan.free.quotas.keys && quotas.auditDays == 400)
        for text in [#"{"users":0}"#, #"{"audit_days":29}"#, #"{"figures":1}"#] {
            #expect(throws: Fault.self) { try ChangeContract.input.decode(Array(text.utf8)) }
        }
    }

    @Test func `no plan keeps the audit log for less than the housekeeper's policy does`() {
        #expect(Plan.allCases.allSatisfy { $0.quotas.auditDays >= 30 })
    }

    @Test func `an operator's key is recognised by its form and checksum alone`() throws {
        let id = OperatorID.make()
        let text = unsafe OperatorKeyText.make(for: id).withBytes { unsafe Array($0) }
        #expect(text.count == OperatorKeyText.characters && OperatorKeyText.id(in: text) == id)
        for at in text.indices {
            var other = text
            other[at] = other[at] == UInt8(ascii: "a") ? UInt8(ascii: "b") : UInt8(ascii: "a")
            #expect(OperatorKeyText.id(in: other) == nil, "byte \(at)")
        }
        #expect(OperatorKeyText.id(in: Array(text.dropLast())) == nil && OperatorKeyText.id(in: []) == nil)
    }

    @Test func `ids of the audit log's filter are read with their prefix`() throws {
        let user = UserID.make()
        let parts = try #require(AuditFilter.parts(user.description))
        #expect(parts.prefix == "user" && parts.uuid == user.uuid)
        for text in ["", "user", "_", "user_", String(user.description.dropLast()), user.description.uppercased(), "\(user)0"] {
            #expect(!AuditFilter.isID(text), "\(text)")
        }
    }
}
