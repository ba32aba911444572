// The end of every statement that reads a part of a list by id. The lanes for lists plan each call with its values, so that of the cases
// below one is left and the index gives the order.

/// The condition and the order of a part of a list.
public enum ListClause {
    /// - Parameters:
    ///   - column: the id that the list is ordered by, such as `d.id`.
    ///   - place: the placeholder of the id behind which the part begins, or NULL.
    ///   - ascending: the placeholder of whether the oldest come first.
    ///   - limit: the placeholder of how many are read.
    /// - Returns: `AND … ORDER BY … LIMIT …`, for behind other conditions.
    public static func after(_ column: String, place: String, ascending: String, limit: String) -> String {
        """
        AND (\(place) IS NULL OR CASE WHEN \(ascending) THEN \(column) > \(place) ELSE \(column) < \(place) END)
        ORDER BY CASE WHEN \(ascending) THEN \(column) END, CASE WHEN NOT \(ascending) THEN \(column) END DESC LIMIT \(limit)
        """
    }
}
