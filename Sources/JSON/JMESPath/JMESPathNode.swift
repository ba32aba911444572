// The tree of an expression.

/// One operation of an expression.
indirect enum JMESPathNode: Sendable {
    case current
    case field(String)
    case index(Int)
    case slice(start: Int?, stop: Int?, step: Int)
    /// The second applied to what the first gives.
    case chain(JMESPathNode, JMESPathNode)
    case or(JMESPathNode, JMESPathNode)
    case and(JMESPathNode, JMESPathNode)
    case not(JMESPathNode)
    case comparison(Comparator, JMESPathNode, JMESPathNode)
    case literal(JSONValue)
    case list([JMESPathNode])
    case object([(name: String, value: JMESPathNode)])
    case flatten(JMESPathNode)
    /// The second applied to every element of what the first gives; nulls are left out.
    case elements(of: JMESPathNode, JMESPathNode)
    /// The same for the values of an object.
    case values(of: JMESPathNode, JMESPathNode)
    /// The same for the elements for which the condition holds.
    case filter(JMESPathNode, condition: JMESPathNode, JMESPathNode)
    case call(JMESPathFunction, [JMESPathNode])
    /// `&expression`: handed to a function, which applies it.
    case reference(JMESPathNode)

    /// How two values are compared.
    enum Comparator: Sendable {
        case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
    }
}
