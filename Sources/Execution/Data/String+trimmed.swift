// White space that means nothing: at the ends of a text, and in runs.

extension String {
    /// The text without white space at its ends.
    var trimmed: String {
        var scalars = unicodeScalars[...]
        while let first = scalars.first, first.properties.isWhitespace { scalars.removeFirst() }
        while let last = scalars.last, last.properties.isWhitespace { scalars.removeLast() }
        return String(String.UnicodeScalarView(scalars))
    }

    /// The text with every run of white space made one space, and none at its ends.
    var collapsed: String {
        var result = String.UnicodeScalarView()
        for scalar in trimmed.unicodeScalars {
            if !scalar.properties.isWhitespace {
                result.append(scalar)
            } else if result.last != " " {
                result.append(" ")
            }
        }
        return String(result)
    }
}
