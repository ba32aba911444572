// The table of endpoints: the page to read first. Each capability has its part in a file of its own; this is their order.

extension Endpoint {
    /// Every endpoint of the native API.
    static func all(_ services: Services) -> [Endpoint] {
        system(services) + login(services) + mfa(services) + sessions(services) + tokens(services) + accounts(services)
            + users(services) + tenant(services) + roles(services) + keys(services) + audit(services) + operators(services)
            + agents(services) + tasks(services) + flows(services) + automations(services) + schedules(services)
            + executions(services) + approvals(services) + datasets(services) + events(services)
    }
}
