// What the sharing counts, for a scrape.

import Base

extension BudgetSharing {
    /// Appends the families of the sharing.
    public func writeMetrics(to text: inout MetricsText) {
        text.family(
            "insula_rate_limit_nodes", "gauge", "Nodes that share the budgets, as this one knows them; 0 without a place.")
        text.sample("insula_rate_limit_nodes", "", nodeCount)
        text.family("insula_rate_limit_leased_total", "counter", "Units that this node leased from the database.")
        text.sample("insula_rate_limit_leased_total", "", leasedCount)
    }
}
