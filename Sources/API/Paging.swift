// What every list is asked with, and how its parts become pages: `limit`, `cursor` and the filters of that list.

import Base
import JSON
import Tenancy

/// The part of a list that a caller wants.
struct Paging: Sendable {
    let limit: Int
    let cursor: String?
    let order: ListOrder

    /// For lists without filters.
    static let query = Query<Paging>("Paging") { parameters in .read(&parameters) }

    static func read(_ parameters: inout Parameters) -> Paging {
        Paging(
            limit: parameters.defaulted("limit", .integer(1...100), 20, "How many at most."),
            cursor: parameters.optional("cursor", .string(1...200), "The `next_cursor` of the page before."),
            order: parameters.defaulted("sort", .enumeration(ListOrder.self), .newestFirst, "Which come first."))
    }

    /// The place that the cursor stands for. `list` names the list with its filters, so that a cursor fits no other.
    func place<Kind>(in list: String, for scope: TenantScope, _ kind: ID<Kind>.Type = ID<Kind>.self) throws(Fault) -> ID<Kind>? {
        guard let cursor else { return nil }
        return ID(try Cursor.open(cursor, query: list + order.cursorName, for: Cursor.Holder(scope)))
    }

    /// The same for an operator.
    func place<Kind>(in list: String, for permit: OperatorPermit, _ kind: ID<Kind>.Type = ID<Kind>.self) throws(Fault) -> ID<
        Kind
    >? {
        guard let cursor else { return nil }
        return ID(try Cursor.open(cursor, query: list + order.cursorName, for: Cursor.Holder(permit)))
    }
}

extension Listing {
    /// The page of this part.
    func page<Kind>(
        of list: String, in order: ListOrder, for scope: TenantScope
    ) -> Page<Element> where Place == ID<Kind> {
        page(of: list, in: order, Cursor.Holder(scope))
    }

    /// The same for an operator.
    func page<Kind>(
        of list: String, in order: ListOrder, for permit: OperatorPermit
    ) -> Page<Element> where Place == ID<Kind> {
        page(of: list, in: order, Cursor.Holder(permit))
    }

    private func page<Kind>(of list: String, in order: ListOrder, _ holder: Cursor.Holder) -> Page<Element>
    where Place == ID<Kind> {
        Page(elements, nextCursor: next.map { Cursor.seal($0.uuid, query: list + order.cursorName, for: holder) })
    }
}

extension ListOrder {
    /// What the order adds to the name of a list, which a cursor is bound to.
    fileprivate var cursorName: String { self == .newestFirst ? "" : " \(rawValue)" }
}
